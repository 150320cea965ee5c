// The addresses of what SRV records name: from the reply itself where it brings them, else by lookups of our own, kept as
// long as they hold and used beyond that while the name server has trouble.
import { createSlots } from '../slots.ts'
import { lookup, type Lookup, type Resolver } from './resolve.ts'
import type { DnsRecord } from './message.ts'

/** Lookups at once. */
const LOOKUPS = 8
const MAX_KEPT = 20_000

/** Addresses of one target with the seconds they hold, or why it has none. */
export type Located = { readonly addresses: readonly string[]; readonly ttl: number } | { readonly reason: string }

interface Kept {
  readonly addresses: readonly string[]
  readonly ttl: number
  /** Monotonic milliseconds. */
  readonly until: number
}

/** Finds addresses. IPv4 where a target has any, else IPv6: both are ways to one server, which would count twice. */
export interface Targets {
  /** `floor` in milliseconds: how long an address is kept at least. */
  locate(targets: readonly string[], additional: readonly DnsRecord[], floor: number, signal: AbortSignal): Promise<ReadonlyMap<string, Located>>
}

/** Remembers addresses by name. */
export function createTargets(resolver: Resolver): Targets {
  const kept = new Map<string, Kept>()
  const slots = createSlots(LOOKUPS)
  const keep = (target: string, records: readonly DnsRecord[], floor: number): Located => {
    const addresses = records.flatMap((record) => ('address' in record ? [record.address] : [])).sort()
    const ttl = Math.min(...records.map((record) => record.ttl))
    kept.delete(target)
    kept.set(target, { addresses, ttl, until: resolver.platform.now() + Math.max(floor, ttl * 1000) })
    const oldest = kept.keys().next().value
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest)
    return { addresses, ttl }
  }
  const find = async (target: string, floor: number, signal: AbortSignal): Promise<Located> => {
    const known = kept.get(target)
    const left = (known?.until ?? 0) - resolver.platform.now()
    if (known !== undefined && left > 0) return { addresses: known.addresses, ttl: Math.min(known.ttl, left / 1000) }
    if (!(await slots.take(signal))) return { reason: 'was not looked up' }
    try {
      const found = await lookupAddresses(resolver, target, signal)
      if (found.kind === 'found') return keep(target, found.records, floor)
      // Trouble of the server's says nothing about the target.
      if (known !== undefined && (found.kind === 'failed' || found.kind === 'refused')) return { addresses: known.addresses, ttl: 0 }
      return { reason: `has a target without address: ${found.message}` }
    } finally {
      slots.give()
    }
  }
  return {
    async locate(targets, additional, floor, signal) {
      const brought = byName(additional)
      const located = await Promise.all(
        targets.map(async (target) => {
          const records = brought.get(target)
          return [target, records === undefined ? await find(target, floor, signal) : keep(target, records, floor)] as const
        }),
      )
      return new Map(located)
    },
  }
}

async function lookupAddresses(resolver: Resolver, target: string, signal: AbortSignal): Promise<Lookup> {
  const four = await lookup(resolver, { name: target, type: 'A' }, {}, signal)
  return four.kind === 'no-data' ? lookup(resolver, { name: target, type: 'AAAA' }, {}, signal) : four
}

function byName(additional: readonly DnsRecord[]): ReadonlyMap<string, readonly DnsRecord[]> {
  const brought = new Map<string, DnsRecord[]>()
  for (const type of ['A', 'AAAA'] as const) {
    const ofType = additional.filter((record) => record.type === type)
    const names = new Set(ofType.map((record) => record.name).filter((name) => !brought.has(name)))
    for (const name of names) brought.set(name, [])
    for (const record of ofType) if (names.has(record.name)) brought.get(record.name)?.push(record)
  }
  return brought
}
