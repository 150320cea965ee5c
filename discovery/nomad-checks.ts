// The state of the checks of allocations. Nomad's servers do not know it and list failing instances like others (nomad #15603,
// #23317); the clients do, so each allocation of a watched service is asked for now and then.
import type { EndpointHealth } from '../src/model/endpoint.ts'
import type { Query } from './nomad-client.ts'
import type { Registration } from './nomad-entry.ts'
import type { Shared } from './nomad-watch.ts'

/** Least time between two questions of one service on average, milliseconds: an agent passes each on to another machine. */
const GAP = 50
/** Longest time that a list waits for the checks of allocations that are new, milliseconds. */
const PATIENCE = 1000
/** A client that cannot be reached says nothing for longer than its agent lives, milliseconds. */
const DEADLINE = 5000
/** How long a failed check counts that can no longer be asked for, milliseconds: then the health is unknown, and traffic tells. */
const FORGET = 180_000

interface Known {
  readonly health: EndpointHealth
  /** Monotonic milliseconds of the last answer. */
  readonly at: number
}

/** What of an allocation is asked. */
interface Target {
  readonly allocation: string
  readonly namespace: string
}

/** The checks of one service's allocations. */
export class AllocationChecks {
  readonly #shared: Shared
  readonly #service: string
  readonly #region: Query
  readonly #known = new Map<string, Known>()
  #targets: readonly Target[] = []

  constructor(shared: Shared, service: string, region: Query) {
    this.#shared = shared
    this.#service = service
    this.#region = region
  }

  /** Makes these the allocations to ask for, and waits a moment for those that are new. A new instance begins with what its checks say. */
  async follow(registrations: readonly Registration[], signal: AbortSignal): Promise<void> {
    const targets = new Map<string, Target>()
    for (const { allocation, namespace } of registrations) if (allocation !== undefined) targets.set(allocation, { allocation, namespace })
    for (const allocation of this.#known.keys()) if (!targets.has(allocation)) this.#known.delete(allocation)
    this.#targets = [...targets.values()]
    const fresh = this.#targets.filter(({ allocation }) => !this.#known.has(allocation))
    if (fresh.length === 0) return
    const own = new AbortController()
    const abort = (): void => own.abort()
    signal.addEventListener('abort', abort)
    await Promise.race([this.#askAll(fresh, own.signal), this.#shared.platform.sleep(PATIENCE, own.signal)])
    signal.removeEventListener('abort', abort)
    own.abort()
  }

  /** What is known of an instance; `unknown` before its first answer, and where a service has no checks. */
  healthOf({ allocation }: Registration): EndpointHealth {
    return (allocation === undefined ? undefined : this.#known.get(allocation)?.health) ?? 'unknown'
  }

  /** Asks again and again until the signal is aborted; calls `changed` when an instance's health is another one. */
  async run(signal: AbortSignal, changed: () => void): Promise<void> {
    while (!signal.aborted) {
      const every = Math.max(this.#shared.options.checksEvery, this.#targets.length * GAP)
      await this.#shared.platform.sleep(every * (0.9 + 0.2 * this.#shared.platform.random()), signal)
      if (await this.#askAll(this.#targets, signal)) changed()
    }
  }

  /** True when a health that was known is another one now, or a new one is known. */
  async #askAll(targets: readonly Target[], signal: AbortSignal): Promise<boolean> {
    const changes = await Promise.all(
      targets.map(async (target) => {
        if (!(await this.#shared.checkSlots.take(signal))) return false
        return this.#ask(target, signal).finally(() => this.#shared.checkSlots.give())
      }),
    )
    return changes.includes(true)
  }

  // A question that fails changes nothing, but for a failure that is too old to go on with.
  async #ask({ allocation, namespace }: Target, signal: AbortSignal): Promise<boolean> {
    const own = new AbortController()
    const abort = (): void => own.abort()
    signal.addEventListener('abort', abort)
    void this.#shared.platform.sleep(DEADLINE, own.signal).then(abort)
    const got = await this.#shared.client.get(`/v1/client/allocation/${allocation}/checks`, { ...this.#region, namespace }, 'aside', own.signal)
    signal.removeEventListener('abort', abort)
    own.abort()
    if (signal.aborted) return false
    if (got.kind === 'denied') this.#shared.checksDenied(got.message)
    const before = this.#known.get(allocation)
    const health = got.kind === 'got' ? judge(got.value, this.#service) : undefined
    const now = this.#shared.platform.now()
    if (health !== undefined) this.#known.set(allocation, { health, at: now })
    else if (before?.health === 'critical' && now - before.at > FORGET) this.#known.set(allocation, { health: 'unknown', at: now })
    return (this.#known.get(allocation)?.health ?? 'unknown') !== (before?.health ?? 'unknown')
  }
}

// The checks of a service in an allocation, whichever port they look at. One that has not run yet says nothing.
function judge(answer: unknown, service: string): EndpointHealth | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined
  const states = Object.values(answer as Record<string, unknown>).flatMap((check) => {
    const { Service: of, Status: status } = (check ?? {}) as { readonly Service?: unknown; readonly Status?: unknown }
    return of === service ? [status] : []
  })
  if (states.includes('failure')) return 'critical'
  return states.length > 0 && states.every((status) => status === 'success') ? 'passing' : 'unknown'
}
