// The state of the checks of allocations. Nomad's servers do not know it and list failing instances like others (nomad #15603,
// #23317); the clients do, so each allocation of a watched service is asked for now and then.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import { withDeadline } from '../deadline.ts'
import type { Got, Query } from './client.ts'
import type { Registration } from './entry.ts'
import type { Trouble } from '../reading.ts'
import type { Shared } from './shared.ts'

/** Least time between two questions of one service on average, milliseconds: an agent passes each on to another machine. */
const GAP = 50
/** Longest time that a list waits for the checks of allocations that are new, milliseconds. */
const PATIENCE = 1000
/** Before the second question for an allocation whose checks have not run yet, milliseconds; each further one takes twice as long. */
const AGAIN = 1000
/** An instance whose health is another one is told after this time, together with others, milliseconds. */
const GATHER = 250
/** A client that cannot be reached says nothing for longer than its agent lives, milliseconds. */
const DEADLINE = 5000
/** How long a failed check counts that can no longer be asked for, milliseconds: then the health is unknown, and traffic tells. */
const FORGET = 180_000

/** What checks say; `pending` when they have not run since the allocation was first seen. */
type Said = EndpointHealth | 'pending'

interface Known {
  readonly said: Said
  /** Monotonic milliseconds of the last answer. */
  readonly at: number
}

/** What of an allocation is asked, and at which client. */
interface Target {
  readonly allocation: string
  readonly namespace: string
  readonly client: string
}

/** The checks of one service's allocations. */
export class AllocationChecks {
  readonly #shared: Shared
  readonly #service: string
  readonly #region: Query
  readonly #life: AbortSignal
  readonly #changed: () => void
  readonly #known = new Map<string, Known>()
  /** Allocations that a list waited for. */
  #met: ReadonlySet<string> = new Set()
  /** Allocations that are being asked for. */
  readonly #underWay = new Set<string>()
  #changes = 0
  #targets: readonly Target[] = []
  #runs = false
  #settles = false
  #tells = false

  /** Asks again and again until `life` is aborted, from the first `follow` on; calls `changed` when an instance's health is another one. */
  constructor(shared: Shared, service: string, region: Query, life: AbortSignal, changed: () => void) {
    this.#shared = shared
    this.#service = service
    this.#region = region
    this.#life = life
    this.#changed = changed
  }

  /** Makes these the allocations to ask for, and waits a moment for those that are new: an instance begins with what its checks say. */
  async follow(registrations: readonly Registration[], signal: AbortSignal): Promise<void> {
    const targets = new Map<string, Target>()
    for (const { allocation, namespace, node } of registrations) if (allocation !== undefined) targets.set(allocation, { allocation, namespace, client: node ?? allocation })
    const gone = [...this.#known.keys()].filter((allocation) => !targets.has(allocation))
    for (const allocation of gone) this.#known.delete(allocation)
    this.#targets = [...targets.values()]
    // Not again for those whose client is silent.
    const fresh = this.#targets.filter(({ allocation, client }) => !this.#known.has(allocation) && !(this.#met.has(allocation) && this.#shared.turns.doubts(client)))
    // Nomad stops what an update replaces as soon as its successor passes, which may be news here: then nobody would be left.
    const doubtful = gone.length === 0 ? [] : this.#targets.filter(({ allocation }) => ['pending', 'critical'].includes(this.#known.get(allocation)?.said ?? ''))
    await this.#meet([...fresh, ...doubtful.slice(0, PATIENCE / GAP)], signal)
    this.#met = new Set(targets.keys())
    if (!this.#runs) void this.#run()
    if (!this.#settles) void this.#settle()
  }

  /**
   * What is known of an instance; `unknown` before its first answer, and where a service has no checks. Nomad lists an allocation
   * before its task begins: where others pass it waits for its checks, as it would at a registry that begins with a failure.
   */
  healthOf({ allocation }: Pick<Registration, 'allocation'>): EndpointHealth {
    const said = (allocation === undefined ? undefined : this.#known.get(allocation)?.said) ?? 'unknown'
    if (said !== 'pending') return said
    return [...this.#known.values()].some((other) => other.said === 'passing') ? 'critical' : 'unknown'
  }

  /** How often the health of an instance that was listed before has been another one. */
  get changes(): number {
    return this.#changes
  }

  /** Asks for these before all others, and waits for a moment at most. */
  async #meet(targets: readonly Target[], signal: AbortSignal): Promise<void> {
    if (targets.length > 0) await withDeadline(this.#shared.platform, PATIENCE, signal, (own) => Promise.all(targets.map((target) => this.#ask(target, true, own))), () => [])
  }

  // None waits for those before: a client that does not answer holds up nothing but itself.
  async #run(): Promise<void> {
    this.#runs = true
    while (!this.#life.aborted) {
      await this.#shared.platform.sleep(this.#every() * (0.9 + 0.2 * this.#shared.platform.random()), this.#life)
      for (const target of this.#targets) void this.#look(target, false)
    }
  }

  // Nothing tells when checks have run for the first time, and a rolling update may soon stop those that pass now.
  async #settle(): Promise<void> {
    this.#settles = true
    const waiting = (): readonly Target[] => this.#targets.filter(({ allocation }) => this.#known.get(allocation)?.said === 'pending')
    for (let pause = AGAIN; waiting().length > 0 && !this.#life.aborted; pause = Math.min(2 * pause, this.#every())) {
      await this.#shared.platform.sleep(Math.max(pause, waiting().length * GAP), this.#life)
      for (const target of waiting()) void this.#look(target, true)
    }
    this.#settles = false
  }

  async #look(target: Target, urgent: boolean): Promise<void> {
    if (this.#underWay.has(target.allocation) || this.#life.aborted) return
    this.#underWay.add(target.allocation)
    if (await this.#ask(target, urgent, this.#life)) this.#tell()
    this.#underWay.delete(target.allocation)
  }

  #tell(): void {
    if (this.#tells) return
    this.#tells = true
    void this.#shared.platform.sleep(GATHER, this.#life).then(() => {
      this.#tells = false
      if (!this.#life.aborted) this.#changed()
    })
  }

  #every(): number {
    return Math.max(this.#shared.options.checksEvery, this.#targets.length * GAP)
  }

  // True when the instance's health is another one. A question that fails changes nothing, but for a failure that is too old to go on with.
  async #ask({ allocation, namespace, client }: Target, urgent: boolean, signal: AbortSignal): Promise<boolean> {
    const { platform, turns } = this.#shared
    const get = (own: AbortSignal): Promise<Got | Trouble> => this.#shared.client.get(`/v1/client/allocation/${allocation}/checks`, { ...this.#region, namespace }, 'aside', own)
    const got = await turns.ask(client, urgent, signal, () => withDeadline<Got | Trouble | undefined>(platform, DEADLINE, signal, async (own) => unlessStopped(await get(own), own), () => undefined))
    if (signal.aborted) return false
    if (got?.kind === 'denied') this.#shared.checksDenied(got.message)
    const before = this.#known.get(allocation)
    const health = this.healthOf({ allocation })
    const said = got?.kind === 'got' ? judge(got.value, this.#service, before?.said) : undefined
    const now = platform.now()
    if (said !== undefined) this.#known.set(allocation, { said, at: now })
    else if (before?.said === 'critical' && now - before.at > FORGET) this.#known.set(allocation, { said: 'unknown', at: now })
    if (this.healthOf({ allocation }) === health) return false
    if (this.#met.has(allocation)) this.#changes++
    return true
  }
}

function unlessStopped<T>(got: T, signal: AbortSignal): T | undefined {
  return signal.aborted ? undefined : got
}

// What the checks of a service in an allocation say after what they said before, whichever port they look at; undefined for nothing.
function judge(answer: unknown, service: string, before: Said | undefined): Said | undefined {
  if (typeof answer !== 'object' || Array.isArray(answer)) return undefined
  // An allocation without checks is null.
  const states = Object.values((answer ?? {}) as Record<string, unknown>).flatMap((check) => {
    const { Service: of, Status: status } = (check ?? {}) as { readonly Service?: unknown; readonly Status?: unknown }
    return of === service ? [status] : []
  })
  // So is one that was listed a moment before its client began with them.
  if (states.length === 0) return before === undefined ? 'pending' : 'unknown'
  if (states.includes('failure')) return 'critical'
  if (states.every((status) => status === 'success')) return 'passing'
  if (!states.every((status) => status === 'success' || status === 'pending')) return 'unknown'
  // After a change of the job in place checks begin anew, and what they said holds until they have run.
  return before === undefined || before === 'pending' ? 'pending' : undefined
}
