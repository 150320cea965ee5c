// The addresses of what SRV records name: from the reply itself where it brings them, else by lookups of our own, kept as
// long as they hold and used beyond that while the name server has trouble.
import { speaksAgainst } from '../addresses.ts'
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
/** Between two lookups of a target that nobody answers for, milliseconds. */
const AGAIN = 2000
const MAX_KEPT = 20_000

/** Addresses of one target with the seconds they hold, or why it has none. */
export type Located = { readonly addresses: readonly string[]; readonly ttl: number } | { readonly reason: string }

interface Kept {
  readonly addresses: readonly string[]
  readonly ttl: number
  /** Monotonic milliseconds. */
  readonly until: number
}

/** A target that nobody answered for when it was looked up last. No question waits for it: it is looked up beside them. */
interface Silent {
  readonly reason: string
  /** When it may be looked up again, monotonic milliseconds. */
  readonly again: number
}

/** Finds addresses. IPv4 where a target has any, else IPv6: both are ways to one server, which would count twice. */
export interface Targets {
  /** `floor` in milliseconds: how long an address is kept at least. Lookups of targets that are silent go on beside the question, until `watch` is aborted. */
  locate(targets: readonly string[], additional: readonly DnsRecord[], floor: number, signal: AbortSignal, watch: AbortSignal): Promise<ReadonlyMap<string, Located>>
}

/** Remembers addresses by name. `elsewhere` is asked for names that the first will not look up, where it is another one. */
export function createTargets(resolver: Resolver, elsewhere?: Resolver): Targets {
  const { platform } = resolver
  const kept = new Map<string, Kept>()
  const silent = new Map<string, Silent>()
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
  // With a slot in hand.
  const look = async (target: string, floor: number, signal: AbortSignal): Promise<Located> => {
    const found = await holding(platform, slots, SOON, lookupAddresses(resolver, elsewhere, target, signal))
    if (found.kind === 'failed' || found.kind === 'refused') {
      if (!speaksAgainst(signal)) return orKept(target, NOT_LOCATED)
      const reason = signal.aborted ? NOT_LOCATED : withoutAddress(found)
      silent.set(target, { reason, again: platform.now() + AGAIN })
      dropOldest(silent)
      return orKept(target, reason)
    }
    silent.delete(target)
    if (found.kind === 'found') return keep(target, found.records, floor)
    // Said by a server that answers: what was known is over, whatever trouble comes after.
    kept.delete(target)
    return { reason: withoutAddress(found) }
  }
  const lookBeside = async (target: string, known: Silent, floor: number, watch: AbortSignal): Promise<void> => {
    silent.set(target, { ...known, again: Infinity })
    if (await slots.take(watch)) await look(target, floor, watch)
    // Another watch may still want it.
    if (watch.aborted && silent.has(target)) silent.set(target, { ...known, again: platform.now() })
  }
  const find = async (target: string, floor: number, signal: AbortSignal, watch: AbortSignal): Promise<Located> => {
    const known = kept.get(target)
    const left = (known?.until ?? 0) - platform.now()
    if (known !== undefined && left > 0) return { addresses: known.addresses, ttl: Math.min(known.ttl, left / 1000) }
    const before = silent.get(target)
    if (before === undefined) return (await slots.take(signal, true)) ? look(target, floor, signal) : orKept(target, NOT_LOCATED)
    if (platform.now() >= before.again) void lookBeside(target, before, floor, watch)
    return orKept(target, before.reason)
  }
  return {
    async locate(targets, additional, floor, signal, watch) {
      const brought = byName(additional)
      const located = new Map<string, Located>()
      const locateAll = async (own: AbortSignal): Promise<unknown> =>
        Promise.all(
          targets.map(async (target) => {
            const records = brought.get(target)
            located.set(target, records === undefined ? await find(target, floor, own, watch) : keep(target, records, floor))
          }),
        )
      await withDeadline(platform, LOCATING, signal, locateAll, () => undefined)
      return new Map(targets.map((target) => [target, located.get(target) ?? orKept(target, NOT_LOCATED)]))
    },
  }
}

function withoutAddress({ message }: { readonly message: string }): string {
  return `has a target without address: ${message}`
}

const NOT_LOCATED = `has a target whose address was not found within ${LOCATING / 1000} s`

function dropOldest(names: Map<string, unknown>): void {
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
