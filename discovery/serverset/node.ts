// The nodes of a serverset: members, and vectors that weigh them.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import { recordOf } from '../json.ts'
import { parseJson } from '../zookeeper/json.ts'
import type { Decoded } from '../zookeeper/nodes.ts'

/** An address as a member wrote it. */
interface Address {
  readonly host: unknown
  readonly port: unknown
}

/** One member. */
export interface Member {
  readonly kind: 'member'
  readonly main: Address
  /** By name. */
  readonly additional: ReadonlyMap<string, Address>
  readonly health: EndpointHealth
  readonly draining: boolean
  readonly shard: number | undefined
  readonly metadata: ReadonlyMap<string, unknown>
}

/** One weight for the members that it selects. */
interface Selection {
  /** `inet`: host and port; `member`: name of the node; `shard`: number. */
  readonly by: string
  readonly value: string
  readonly weight: number
  readonly priority: number
}

/** Weights that somebody wrote beside the members. */
export interface Vector {
  readonly kind: 'vector'
  readonly selections: readonly Selection[]
}

const VECTOR = 'vector_'
const SELECTOR = /^(inet|member|shard)=(.+)$/s

/** What each status of a member means. Twitter's own clients use only ALIVE. */
const STATUS: ReadonlyMap<unknown, { readonly health: EndpointHealth; readonly draining: boolean }> = new Map([
  ['ALIVE', { health: 'passing', draining: false }],
  ['WARNING', { health: 'warning', draining: false }],
  ['STARTING', { health: 'critical', draining: false }],
  ['DEAD', { health: 'critical', draining: false }],
  ['STOPPING', { health: 'maintenance', draining: true }],
  ['STOPPED', { health: 'maintenance', draining: true }],
])

/** Whether a child belongs to the serverset; anything else is none of ours. */
export function isServersetNode(name: string): boolean {
  return name.startsWith('member_') || name.startsWith(VECTOR)
}

/** Reads a node. */
export function decodeServersetNode(name: string, data: Uint8Array): Decoded<Member | Vector> {
  const written = parseJson(data)
  if (written === undefined) return { reason: 'is no JSON' }
  return name.startsWith(VECTOR) ? decodeVector(written) : decodeMember(written)
}

function decodeMember(written: unknown): Decoded<Member> {
  const main = addressOf(recordOf(written)?.['serviceEndpoint'])
  if (main === undefined) return { reason: 'is no member: it has no serviceEndpoint with host and port' }
  const record = recordOf(written) ?? {}
  const additional = Object.entries(recordOf(record['additionalEndpoints']) ?? {}).flatMap(([key, value]) => {
    const address = addressOf(value)
    return address === undefined ? [] : [[key, address] as const]
  })
  const { health, draining } = STATUS.get(record['status']) ?? { health: 'unknown' as const, draining: false }
  const shard = record['shard']
  const metadata = new Map(Object.entries(recordOf(record['metadata']) ?? {}))
  return { value: { kind: 'member', main, additional: new Map(additional), health, draining, shard: Number.isInteger(shard) ? (shard as number) : undefined, metadata } }
}

function addressOf(value: unknown): Address | undefined {
  const record = recordOf(value)
  return record === undefined || record['host'] === undefined || record['port'] === undefined ? undefined : { host: record['host'], port: record['port'] }
}

function decodeVector(written: unknown): Decoded<Vector> {
  const entries = recordOf(written)?.['vector']
  if (!Array.isArray(entries)) return { reason: 'is no vector: it has no list `vector`' }
  const selections: Selection[] = []
  for (const entry of entries) {
    const { select, weight = 1, priority = 1 } = recordOf(entry) ?? {}
    const [, by, value] = SELECTOR.exec(typeof select === 'string' ? select : '') ?? []
    if (by === undefined || value === undefined) return { reason: 'has a selector other than inet=host:port, member=name and shard=number' }
    if (typeof weight !== 'number' || weight < 0 || typeof priority !== 'number') return { reason: `has a weight or priority that is no number for ${by}=${value.slice(0, 100)}` }
    selections.push({ by, value, weight, priority })
  }
  return { value: { kind: 'vector', selections } }
}

/** Weight and priority of a member: the weights of all selections that match are multiplied, the last priority holds. */
export function weigh(name: string, member: Member, address: Address, vectors: readonly Vector[]): { readonly weight: number; readonly priority: number } {
  let [weight, priority] = [1, 1]
  for (const selection of vectors.flatMap(({ selections }) => selections)) {
    if (!selects(selection, name, member, address)) continue
    weight *= selection.weight
    priority = selection.priority
  }
  return { weight, priority }
}

function selects({ by, value }: Selection, name: string, member: Member, address: Address): boolean {
  if (by === 'member') return value === name
  if (by === 'shard') return member.shard !== undefined && value === String(member.shard)
  return [address, member.main].some(({ host, port }) => value === `${String(host)}:${String(port)}`)
}
