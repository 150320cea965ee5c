// The addresses of what SRV records name: from the reply itself where it brings them, else by lookups of our own, kept as
// long as they hold and used beyond that while the name server has trouble.
import { withDeadline } from '../deadline.ts'
import { createSlots, holding } from '../slots.ts'
import { lookup, type Lookup, type Resolver } from './resolve.ts'
import type { DnsRecord } from './message.ts'

/** Lookups at once, of those that may still be answered soon … */
const LOOKUPS = 8
/** … which one is no more that has waited so long, milliseconds: names that nobody answers for do not hold up the others. */
const SOON = 250
/** All addresses of one answer, milliseconds: what is left of a question when some of its targets are silent. */
const LOCATING = 4000
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

/** Remembers addresses by name. `elsewhere` is asked for names that the first will not look up, where it is another one. */
export function createTargets(resolver: Resolver, elsewhere?: Resolver): Targets {
  const { platform } = resolver
  const kept = new Map<string, Kept>()
  /** Names that nobody answered for when they were looked up last: they are looked up behind the others. */
  const silent = new Set<string>()
  const slots = createSlots(LOOKUPS)
  const keep = (target: string, records: readonly DnsRecord[], floor: number): Located => {
    const addresses = records.flatMap((record) => ('address' in record ? [record.address] : [])).sort()
    const ttl = Math.min(...records.map((record) => record.ttl))
    kept.delete(target)
    kept.set(target, { addresses, ttl, until: platform.now() + Math.max(floor, ttl * 1000) })
    dropOldest(kept)
    return { addresses, ttl }
  }
  // Trouble of the server's says nothing about the target.
  const orKept = (target: string, reason: string): Located => {
    const known = kept.get(target)
    return known === undefined ? { reason } : { addresses: known.addresses, ttl: 0 }
  }
  const find = async (target: string, floor: number, signal: AbortSignal): Promise<Located> => {
    const known = kept.get(target)
    const left = (known?.until ?? 0) - platform.now()
    if (known !== undefined && left > 0) return { addresses: known.addresses, ttl: Math.min(known.ttl, left / 1000) }
    if (!(await slots.take(signal))) return orKept(target, NOT_LOCATED)
    const found = await holding(platform, slots, SOON, lookupAddresses(resolver, elsewhere, target, signal))
    silent.delete(target)
    if (found.kind === 'found') return keep(target, found.records, floor)
    const reason = `has a target without address: ${found.message}`
    if (found.kind !== 'failed' && found.kind !== 'refused') {
      // Said by a server that answers: what was known is over, whatever trouble comes after.
      kept.delete(target)
      return { reason }
    }
    silent.add(target)
    dropOldest(silent)
    return orKept(target, reason)
  }
  return {
    async locate(targets, additional, floor, signal) {
      const brought = byName(additional)
      const located = new Map<string, Located>()
      const inOrder = [...targets.filter((target) => !silent.has(target)), ...targets.filter((target) => silent.has(target))]
      const locateAll = async (own: AbortSignal): Promise<unknown> =>
        Promise.all(
          inOrder.map(async (target) => {
            const records = brought.get(target)
            located.set(target, records === undefined ? await find(target, floor, own) : keep(target, records, floor))
          }),
        )
      await withDeadline(platform, LOCATING, signal, locateAll, () => undefined)
      return new Map(targets.map((target) => [target, located.get(target) ?? orKept(target, NOT_LOCATED)]))
    },
  }
}

const NOT_LOCATED = `has a target whose address was not found within ${LOCATING / 1000} s`

function dropOldest(names: Map<string, unknown> | Set<string>): void {
  const oldest = names.keys().next().value
  if (names.size > MAX_KEPT && oldest !== undefined) names.delete(oldest)
}

async function lookupAddresses(resolver: Resolver, elsewhere: Resolver | undefined, target: string, signal: AbortSignal): Promise<Lookup> {
  const found = await lookupBoth(resolver, target, signal)
  // A server of one zone alone, as Consul is without recursors, does not look up what its records name outside of it.
  if (found.kind !== 'refused' || elsewhere === undefined) return found
  const other = await lookupBoth(elsewhere, target, signal)
  return 'message' in other ? { ...other, message: `${found.message}; ${other.message}` } : other
}

async function lookupBoth(resolver: Resolver, target: string, signal: AbortSignal): Promise<Lookup> {
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
