// DNS SRV records (RFC 2782) as a source of endpoints, asked again when their time to live is over.
import { refKey } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import type { Adapter, Capabilities } from './adapter.ts'
import { createAddresses } from './addresses.ts'
import { createDiscoverer } from './discoverer.ts'
import { isDnsName, type SrvData } from './dns/message.ts'
import { lookup, type Lookup, type Resolver } from './dns/resolve.ts'
import { createSample, type Sample } from './dns/sample.ts'
import { createTargets, type Targets } from './dns/targets.ts'
import { parseServer, type DnsServer, type DnsTransport } from './dns/transport.ts'
import { needed } from './needs.ts'
import { readSrv } from './srv/entry.ts'
import { srvOptions, type SrvOptions } from './srv/options.ts'
import type { Ask, Reading } from './reading.ts'

/** Where an answer does not say how long it holds, milliseconds. */
const UNSAID = 5000
/** A longer time to live is not waited for, milliseconds: nobody would want to wait an hour for a new instance. */
const MAX_TTL = 60_000
const MAX_SAMPLES = 2000
/** The name servers of the system are looked up again at most this often, milliseconds. */
const RENEW = 5000

/** The SRV adapter. */
export const srv: Adapter = {
  type: 'srv',
  doc: 'Endpoints from DNS SRV records, with their priorities and weights, asked again when their time to live is over.',
  needs: ['dns'],
  schema: srvOptions,
  ref: { example: 'srv/_http._tcp.web.example', options: {} },
  create(name, written, platform, capabilities = {}) {
    const options = srvOptions.parse(written)
    const world: World = { options, ...lookupsOf(name, options, platform, capabilities), samples: new Map() }
    const read = (ask: Ask, signal: AbortSignal, watch: AbortSignal): Promise<Reading> => readService(world, ask, signal, watch)
    return createDiscoverer({ registry: name, needs: ['dns'], read, changes: { kind: 'poll', every: Math.max(UNSAID, options.every) } }, platform, options)
  },
}

interface World {
  readonly options: SrvOptions
  readonly resolver: Resolver
  readonly targets: Targets
  /** By reference. */
  readonly samples: Map<string, Sample>
}

function lookupsOf(name: string, options: SrvOptions, platform: Platform, capabilities: Capabilities): { readonly resolver: Resolver; readonly targets: Targets } {
  const dns = needed('dns', name, capabilities)
  const system = systemResolver(platform, dns)
  const resolver = options.servers === undefined ? system : resolverOf(platform, dns, [options.servers].flat())
  if (resolver === undefined) throw new Error(`registry ${name}: this machine has no name server configured; give one in \`servers\``)
  return { resolver, targets: createTargets(resolver, options.servers === undefined ? undefined : system) }
}

// A laptop that changes networks, a VPN, a machine that had none yet of its own: the system's servers change while the gateway runs.
function systemResolver(platform: Platform, dns: DnsTransport): Resolver | undefined {
  const first = resolverOf(platform, dns, dns.servers())
  if (first === undefined) return undefined
  let current = first
  let readAt = platform.now()
  return {
    platform,
    transport: dns,
    get addresses() {
      return current.addresses
    },
    get servers() {
      return current.servers
    },
    renew() {
      if (platform.now() - readAt < RENEW) return
      readAt = platform.now()
      const next = resolverOf(platform, dns, dns.servers())
      const isOther = next !== undefined && [...next.servers.keys()].sort().join() !== [...current.servers.keys()].sort().join()
      if (isOther) current = next
    },
  }
}

function resolverOf(platform: Platform, transport: DnsTransport, written: readonly string[]): Resolver | undefined {
  const servers = new Map(written.flatMap((text): [string, DnsServer][] => [[text, parseServer(text)]].filter((entry): entry is [string, DnsServer] => entry[1] !== undefined)))
  return servers.size === 0 ? undefined : { platform, transport, addresses: createAddresses([...servers.keys()]), servers }
}

async function readService(world: World, ask: Ask, signal: AbortSignal, watch: AbortSignal): Promise<Reading> {
  const name = ask.ref.name.replace(/\.$/, '')
  if (!isDnsName(name)) return { kind: 'failed', message: `${ask.ref.name} is no DNS name` }
  const sample = sampleOf(world, refKey(ask.ref))
  const answer = await lookup(world.resolver, { name, type: 'SRV' }, { confirm: ask.purpose === 'confirm', tcp: sample.partial }, signal)
  switch (answer.kind) {
    case 'failed':
      return { kind: 'failed', message: answer.message }
    case 'refused':
      return { kind: 'denied', message: answer.message }
    case 'no-name':
      return { kind: 'not-found', message: answer.message }
    case 'no-data':
      return { kind: 'listed', instances: [] }
    case 'found':
      return understand(world, sample, answer, name, signal, watch)
  }
}

type Found = Extract<Lookup, { kind: 'found' }>

async function understand(world: World, sample: Sample, answer: Found, name: string, signal: AbortSignal, watch: AbortSignal): Promise<Reading> {
  if (isNotOffered(answer)) return notOffered(world, sample, answer)
  const before = sample.partial
  const take = (one: Found): readonly SrvData[] => sample.take(srvOf(one), one.ttl, world.resolver.platform.now())
  let [found, records] = [answer, take(answer)]
  if (sample.partial && !before) {
    const whole = await lookup(world.resolver, { name, type: 'SRV' }, { tcp: true }, signal)
    if (whole.kind === 'found' && isNotOffered(whole)) return notOffered(world, sample, whole)
    if (whole.kind === 'found') [found, records] = [whole, take(whole)]
  }
  const targets = [...new Set(records.map((record) => record.target))]
  const located = await world.targets.locate(targets, found.additional, world.options.every, signal, watch)
  if (signal.aborted) return { kind: 'failed', message: 'the addresses of all targets took too long' }
  const { instances, rejected } = readSrv(records, located)
  const times = [...located.values()].flatMap((each) => ('ttl' in each ? [each.ttl] : []))
  return { kind: 'listed', instances, rejected, holds: holds(world, [found.ttl, ...times]) }
}

// RFC 2782: a single target `.` says that the service is decidedly not offered.
function isNotOffered({ records }: Found): boolean {
  return records.every((record) => record.type === 'SRV' && record.target === '.')
}

// A statement, whatever was in the answers before: none of them is put together with those that come after it.
function notOffered(world: World, sample: Sample, { ttl }: Found): Reading {
  sample.forget()
  return { kind: 'listed', instances: [], stated: true, holds: holds(world, [ttl]) }
}

// A `.` beside others names no host, and is no name that could be looked up.
function srvOf(answer: Found): readonly SrvData[] {
  return answer.records.filter((record) => record.type === 'SRV').filter(({ target }) => target !== '.')
}

function holds({ options }: World, seconds: readonly number[]): number {
  return Math.min(MAX_TTL, Math.max(options.every, Math.min(...seconds) * 1000))
}

function sampleOf({ samples }: World, key: string): Sample {
  const sample = samples.get(key) ?? createSample()
  samples.delete(key)
  samples.set(key, sample)
  const oldest = samples.keys().next().value
  if (samples.size > MAX_SAMPLES && oldest !== undefined) samples.delete(oldest)
  return sample
}
