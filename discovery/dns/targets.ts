// The addresses of what SRV records name: from the reply itself where it brings them, else by lookups of our own, kept as
// long as they hold and used beyond that while the name server has trouble.
import type { Platform } from '../../src/model/platform.ts'
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
  return new KnownTargets(resolver, elsewhere)
}

class KnownTargets implements Targets {
  readonly #resolver: Resolver
  readonly #elsewhere: Resolver | undefined
  readonly #platform: Platform
  readonly #kept = new Map<string, Kept>()
  readonly #silent = new Map<string, Silent>()
  readonly #slots = createSlots(LOOKUPS)

  constructor(resolver: Resolver, elsewhere: Resolver | undefined) {
    this.#resolver = resolver
    this.#elsewhere = elsewhere
    this.#platform = resolver.platform
  }

  async locate(targets: readonly string[], additional: readonly DnsRecord[], floor: number, signal: AbortSignal, watch: AbortSignal): Promise<ReadonlyMap<string, Located>> {
    const brought = byName(additional)
    const located = new Map<string, Located>()
    const locateAll = async (own: AbortSignal): Promise<unknown> =>
      Promise.all(
        targets.map(async (target) => {
          const records = brought.get(target)
          located.set(target, records === undefined ? await this.#find(target, floor, own, watch) : this.#keep(target, records, floor))
        }),
      )
    await withDeadline(this.#platform, LOCATING, signal, locateAll, () => undefined)
    return new Map(targets.map((target) => [target, located.get(target) ?? this.#orKept(target, NOT_LOCATED)]))
  }

  async #find(target: string, floor: number, signal: AbortSignal, watch: AbortSignal): Promise<Located> {
    const known = this.#kept.get(target)
    const left = (known?.until ?? 0) - this.#platform.now()
    if (known !== undefined && left > 0) return { addresses: known.addresses, ttl: Math.min(known.ttl, left / 1000) }
    const before = this.#silent.get(target)
    if (before === undefined) return (await this.#slots.take(signal, true)) ? this.#look(target, floor, signal) : this.#orKept(target, NOT_LOCATED)
    if (this.#platform.now() >= before.again) void this.#lookBeside(target, before, floor, watch)
    return this.#orKept(target, before.reason)
  }

  async #lookBeside(target: string, known: Silent, floor: number, watch: AbortSignal): Promise<void> {
    this.#silent.set(target, { ...known, again: Infinity })
    if (await this.#slots.take(watch)) await this.#look(target, floor, watch)
    // Another watch may still want it.
    if (watch.aborted && this.#silent.has(target)) this.#silent.set(target, { ...known, again: this.#platform.now() })
  }

  // With a slot in hand.
  async #look(target: string, floor: number, signal: AbortSignal): Promise<Located> {
    const found = await holding(this.#platform, this.#slots, SOON, lookupAddresses(this.#resolver, this.#elsewhere, target, signal))
    if (found.kind === 'failed' || found.kind === 'refused') {
      if (!speaksAgainst(signal)) return this.#orKept(target, NOT_LOCATED)
      const reason = signal.aborted ? NOT_LOCATED : withoutAddress(found)
      this.#silent.set(target, { reason, again: this.#platform.now() + AGAIN })
      dropOldest(this.#silent)
      return this.#orKept(target, reason)
    }
    this.#silent.delete(target)
    if (found.kind === 'found') return this.#keep(target, found.records, floor)
    // Said by a server that answers: what was known is over, whatever trouble comes after.
    this.#kept.delete(target)
    return { reason: withoutAddress(found) }
  }

  #keep(target: string, records: readonly DnsRecord[], floor: number): Located {
    const addresses = records.flatMap((record) => ('address' in record ? [record.address] : [])).sort()
    const ttl = Math.min(...records.map((record) => record.ttl))
    this.#kept.delete(target)
    this.#kept.set(target, { addresses, ttl, until: this.#platform.now() + Math.max(floor, ttl * 1000) })
    dropOldest(this.#kept)
    return { addresses, ttl }
  }

  // Trouble of the server's says nothing about the target.
  #orKept(target: string, reason: string): Located {
    const known = this.#kept.get(target)
    return known === undefined ? { reason } : { addresses: known.addresses, ttl: 0 }
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
