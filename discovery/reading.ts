// What an adapter says: how to ask its registry once, and what the answer was. Everything else (loops, guard, backoff,
// limits) is the machinery's, see follow.ts.
import type { Endpoint, EndpointHealth } from '../src/model/endpoint.ts'
import type { Need, Rejection, ServiceRef } from '../src/model/discoverer.ts'

/** One question. */
export interface Ask {
  readonly ref: ServiceRef
  /**
   * `full`: the list as it is now. `follow`: the list once it differs from `token`, or after `wait`. `confirm`: as `full`,
   * but from the registry's own truth and from another server where there are several, since the last answer was suspicious.
   */
  readonly purpose: 'full' | 'follow' | 'confirm'
  /** Version of the last answer; always there with `follow`, and with `full` where the source polls. */
  readonly token?: string
  /**
   * Version of the last answer, to compare with and not to ask with: an answer of an earlier version is of a server that lags, or of a state that was
   * restored, and the registry's own truth says which. Absent before the first.
   */
  readonly seen?: string
  /** Milliseconds a `follow` may wait at the registry. */
  readonly wait: number
  /** What is in use, from before a restart as well: where a registry leaves out without a word what may not be read any more, it is looked for alone. */
  readonly known: readonly Endpoint[]
}

/** A part of what was asked for that may not be read, where the rest may. */
export interface DeniedPart {
  /** For people. */
  readonly message: string
  /** Whether this would be of it: the id of an instance, or the reference of a service in a catalogue. */
  isOf(id: string): boolean
}

/**
 * An instance as the registry wrote it. What comes from outside is `unknown` here: `admit` checks it, so that adapters
 * do not have to.
 */
export interface Instance {
  /** The registry's own identity of it, unique inside the service. */
  readonly id: string
  readonly host: unknown
  readonly port: unknown
  /** Absent means 1. */
  readonly weight?: unknown
  /** 0 to 65535, absent means 0: only the lowest that has usable endpoints gets traffic. */
  readonly priority?: number
  readonly zone?: unknown
  /** Absent or null means none. */
  readonly tags?: unknown
  readonly meta?: unknown
  readonly health: EndpointHealth
  /** It leaves. With `health` passing or warning it serves until then, and is used where nothing else is left; what an operator took out is `maintenance`. */
  readonly draining?: boolean
  /** True when `critical` was concluded from something above the instance (its node, its session), which may be an accident. */
  readonly presumed?: boolean
  /** True when the source gives this very object for as long as it says the same: it is checked once. */
  readonly lasting?: boolean
}

/** Why there is no answer. */
export interface Trouble {
  /** `denied`: rights are missing. */
  readonly kind: 'denied' | 'failed'
  /** For people: names the address, and says what to do. */
  readonly message: string
  /** Milliseconds that the registry asks to wait. */
  readonly retryAfter?: number
}

/** The answer to one question. The five outcomes of discovery/README.md, and `unchanged`. */
export type Reading =
  | {
      /** `ok-with-data`, or `ok-empty` when there are none. */
      readonly kind: 'listed'
      readonly instances: readonly Instance[]
      /** Rows that could not even become an `Instance`. */
      readonly rejected?: readonly Rejection[]
      /** What was left out of all instances at once, such as a label of the service: told of, and no row. */
      readonly notes?: readonly Rejection[]
      /** Version of this answer, for the next `follow`. Without one the source is polled. */
      readonly token?: string
      /** Size of the answer; large ones are asked for less often. */
      readonly bytes?: number
      /** The registry says that it left rows out for lack of rights. */
      readonly filtered?: boolean
      /** Rights are missing for a part: the rest is used, what is in use of that part is kept, and all is `stale`. Where nothing is known it is as if they were missing for all, which is `denied`. */
      readonly denied?: DeniedPart
      /** The registry states that this is meant: a shrink or emptiness is believed at once. */
      readonly stated?: boolean
      /** Ids of instances that the registry said to have left, one by one: their absence is believed at once. */
      readonly left?: ReadonlySet<string>
      /** The answer is from where nothing was asked before, or the registry was away and instances may have lost their sessions with it: every loss is held until confirmed, however small. */
      readonly unsure?: boolean
      /** Whether a feed of changes should have told what is new here, and only a periodic full reading showed it. Absent where the source does not know: then it is what a full reading shows. */
      readonly missed?: boolean
      /** Milliseconds for which the registry says that this holds: a source that is polled is asked again when they are over. */
      readonly holds?: number
      /** Milliseconds since the registry said it, where a source answers out of what it heard for all watches together; default 0. */
      readonly age?: number
    }
  | { readonly kind: 'not-found'; readonly message: string; readonly token?: string; readonly stated?: boolean; readonly left?: ReadonlySet<string>; readonly unsure?: boolean; readonly missed?: boolean; readonly age?: number }
  | { readonly kind: 'unchanged'; readonly token: string }
  | Trouble

/** A registry as an adapter gives it to `createDiscoverer`. */
export interface Source {
  /** Configured name of the registry; origin of its endpoints. */
  readonly registry: string
  readonly needs: readonly Need[]
  /**
   * Asks once. Ends soon when the signal is aborted. May throw: that counts as `failed` with the error's message. `watch` is the same for all
   * questions of one watch and is aborted at its end: what a source keeps for a watch, and a session that it shares among them, ends with it.
   */
  read(ask: Ask, signal: AbortSignal, watch: AbortSignal): Promise<Reading>
  /**
   * How changes are learned: `block` where `follow` waits for a change (longest `wait` milliseconds); with `shared` all of them
   * wait on one stream or session that the source keeps itself, else each holds a connection and is counted. `poll` asks each
   * `every` milliseconds; `hint`, where the registry has a feed of events, resolves when something may have changed, at once
   * when that was since it was last called: a hint while a question is under way must not be lost.
   */
  readonly changes:
    | { readonly kind: 'block'; readonly wait: number; readonly shared?: boolean }
    | { readonly kind: 'poll'; readonly every: number; readonly hint?: (ref: ServiceRef, signal: AbortSignal) => Promise<void> }
  /** A single bad entry refuses the whole answer: right for what one hand wrote. Default false. */
  readonly strict?: boolean
  /** Cap of the backoff in milliseconds, default 30 s. */
  readonly maxBackoff?: number
  /** How long a suspicion must last before it is believed, milliseconds, default 30 s: longer where who was lost needs longer to register again. */
  readonly hold?: number
}

/** A source that keeps something for as long as a watch lasts: its part of an event stream, what was listed last. */
export interface WatchedSource extends Omit<Source, 'read' | 'changes'> {
  /** Called when a watch begins; the signal is aborted when it ends. */
  open(ref: ServiceRef, signal: AbortSignal): Pick<Source, 'read' | 'changes'>
}
