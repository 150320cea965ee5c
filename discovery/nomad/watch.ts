// One watched service of Nomad: when to list it, and what a list says given what was listed and heard before.
import type { Rejection, ServiceRef } from '../../src/model/discoverer.ts'
import { lifeWithin } from '../../src/model/life.ts'
import { AllocationChecks } from './checks.ts'
import type { Query } from './client.ts'
import { Departures } from './departures.ts'
import { hasTag, readRegistration, type Registration } from './entry.ts'
import type { EventStream, Hearer, ServiceEvent } from './events.ts'
import { ServiceLists } from './lists.ts'
import type { NomadOptions } from './options.ts'
import type { Shared } from './shared.ts'
import type { Ask, Reading } from '../reading.ts'

/** How often a service is listed while there is no event stream, milliseconds: a token may list services and not be let hear of them. */
const WITHOUT_STREAM = 5000

/** A watch, which lives as long as the signal it is made with. */
export class NomadWatch implements Hearer {
  readonly service: string
  readonly #shared: Shared
  readonly #ref: ServiceRef
  readonly #region: Query
  readonly #namespaces: readonly string[]
  readonly #signal: AbortSignal
  readonly #lists: ServiceLists
  readonly #checks: AllocationChecks | undefined
  readonly #departures = new Departures()
  #streams: readonly EventStream[] = []
  /** Index of the newest event that no list has shown yet; 0 for none. */
  #heard = 0n
  #rung = false
  #listed = false
  /** What `changes` of the checks was at the last list. */
  #healthChanges: number | undefined
  #wake = (): void => {}

  constructor(shared: Shared, ref: ServiceRef, signal: AbortSignal) {
    this.service = ref.name
    this.#shared = shared
    this.#ref = ref
    this.#region = { region: ref.options['region'] ?? shared.options.region }
    this.#namespaces = namespacesOf(ref, shared.options)
    this.#signal = signal
    this.#lists = new ServiceLists(shared.client, { service: ref.name, region: this.#region, filter: ref.options['filter'], namespaces: this.#namespaces })
    this.#checks = shared.options.checks ? new AllocationChecks(shared, ref.name, this.#region, signal, () => this.#ring()) : undefined
  }

  onEvent(event: ServiceEvent): void {
    if (event.index > this.#heard) this.#heard = event.index
    if (event.type === 'ServiceDeregistration') this.#departures.heard(event.id, event.index, this.#shared.platform.now())
    this.#ring()
  }

  onTurn(): void {
    this.#ring()
  }

  /** Resolves when the list may be another one; at once when that was said since the last time. */
  async hint(signal: AbortSignal): Promise<void> {
    while (!this.#rung && !signal.aborted) {
      const hears = this.#hears()
      const woken = await this.#sleep(hears ? Infinity : WITHOUT_STREAM, signal)
      if (!hears && !woken) return
    }
  }

  /** Lists the service. */
  async read(ask: Ask, signal: AbortSignal): Promise<Reading> {
    // What rang until now is answered by this list; what rings from now on asks for the next one.
    const called = this.#rung
    this.#rung = false
    const heard = this.#heard
    if (!this.#listed && this.#streamsOf().every((stream) => stream.live())) this.#join()
    const listed = await this.#lists.read(ask, heard, signal)
    if ('message' in listed) return listed
    const { lists, denied } = listed
    if (this.#heard === heard) this.#heard = 0n
    const registrations: Registration[] = []
    const present = new Map<string, bigint>()
    const rejected: Rejection[] = []
    for (const { rows, namespace, index } of lists) {
      for (const [position, row] of rows.entries()) {
        const entry = readRegistration(row, position, namespace)
        if ('rejection' in entry) {
          rejected.push(entry.rejection)
          continue
        }
        registrations.push(entry.registration)
        present.set(entry.registration.instance.id, index)
      }
    }
    const tags = (this.#ref.options['tag'] ?? '').split(',').filter((tag) => tag !== '')
    const wanted = registrations.filter(({ instance }) => tags.every((tag) => hasTag(instance, tag)))
    await this.#checks?.follow(wanted, signal)
    const index = lists.reduce((newest, list) => (list.index > newest ? list.index : newest), 0n)
    const left = this.#departures.listed(new Set(wanted.map(({ instance }) => instance.id)), present, this.#shared.platform.now())
    // While every event is heard a list that nothing asked for should bring nothing new, but for what checks say.
    const missed = ask.purpose === 'full' && this.#listed && !called && !this.#rung && this.#hears() && this.#checks?.changes === this.#healthChanges
    this.#healthChanges = this.#checks?.changes
    this.#listed = true
    if (this.#join()) this.#ring()
    const instances = wanted.map((registration) => ({ ...registration.instance, health: this.#checks?.healthOf(registration) ?? ('unknown' as const) }))
    return { kind: 'listed', instances, rejected, left, missed, token: String(index), bytes: lists.reduce((sum, list) => sum + list.bytes, 0), age: Math.max(0, ...lists.map((list) => list.age)), ...(denied === undefined ? {} : { denied }) }
  }

  #hears(): boolean {
    return this.#streams.length > 0 && this.#streams.every((stream) => stream.live())
  }

  #streamsOf(): readonly EventStream[] {
    return this.#namespaces.map((namespace) => this.#shared.streamOf({ ...this.#region, namespace }))
  }

  /**
   * Begins to listen: before the first list where others do already, else after it, since a registry that does not answer is not asked for a stream beside it. True
   * when something may have been missed, since a stream began meanwhile for others.
   */
  #join(): boolean {
    if (this.#streams.length > 0 || this.#signal.aborted) return false
    this.#streams = this.#streamsOf()
    for (const stream of this.#streams) stream.join(this, this.#signal)
    return this.#streams.some((stream) => stream.live())
  }

  #ring(): void {
    this.#rung = true
    this.#wake()
  }

  /** True when it was woken before its time. */
  async #sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    const life = lifeWithin(signal)
    this.#wake = () => life.end()
    if (ms === Infinity) await new Promise<void>((resolve) => life.signal.addEventListener('abort', () => resolve()))
    else await this.#shared.platform.sleep(ms, life.signal)
    const woken = life.signal.aborted
    life.end()
    return woken
  }
}

function namespacesOf(ref: ServiceRef, { namespaces }: NomadOptions): readonly string[] {
  const asked = ref.options['namespace']?.split(',').filter((namespace) => namespace !== '') ?? []
  const all = asked.length > 0 ? asked : namespaces
  return all.includes('*') ? ['*'] : [...new Set(all)]
}
