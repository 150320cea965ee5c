// The guard against sudden emptiness and large shrinks. Registries that restart, lose rights, lose their sessions or answer
// from a fresh replica say "nothing" with a straight face; what could equally be an accident is held until confirmed.
import { isInService, type Endpoint } from '../src/model/endpoint.ts'
import { lookupIn } from '../src/model/lookup.ts'
import { addressOf } from './host.ts'
import { mostOf, withLosses, type Loss } from './losses.ts'
import type { Moment } from './question.ts'
import type { Ask } from './reading.ts'

/** Milliseconds that a suspicion must last before it is believed, unless a source says longer. */
export const HOLD = 30_000
/** Milliseconds before the first confirmation: it may already tell the reason, such as missing rights. */
const CONFIRM_FIRST = 1000
/** Milliseconds between two confirmations. */
const CONFIRM_EVERY = 10_000
/** Confirming answers needed, however long it lasts. */
const CONFIRMATIONS = 2
/** A shrink below this share of what there was … */
const SHRINK = 0.5
/** … that loses at least so many endpoints is suspicious. */
const LOSES = 3

/** A suspicion under confirmation. Times are monotonic milliseconds. */
export interface Hold {
  /** Undefined when the registry failed meanwhile: the time begins with its next answer. */
  readonly since: number | undefined
  readonly confirmAt: number
  readonly confirmations: number
}

/** Why an answer is suspicious, and which endpoints to go on using meanwhile. */
export interface Suspicion {
  /** In their last good form. */
  readonly lost: readonly Endpoint[]
  /** For people. */
  readonly message: string
}

/** What an answer is compared with. */
export interface Known {
  /** The last believed answer; while a suspicion is confirmed, with what is new and what was said since. */
  readonly accepted: readonly Endpoint[]
  /** What answers before it lost. */
  readonly lately: readonly Loss<Endpoint>[]
  /** Whether the registry said that it has left. */
  hasLeft(endpoint: Endpoint): boolean
  /**
   * Whether losses are part of a suspicion that is already being confirmed, since instances that register again after an accident come back one by one, or
   * the registry was away. Where only what was added meanwhile is missing, and all others are back, they are not.
   */
  isHeld(lost: readonly Endpoint[]): boolean
  /** How long losses count as one, milliseconds. */
  readonly window: number
}

/**
 * Compares an answer with what was accepted last, and with what was lost a little earlier. Endpoints whose leaving the registry states
 * (draining, maintenance, a check of their own critical) are no loss; those that vanished, and those whose `critical` is only `presumed`, are.
 * Also gives the losses to remember, should the answer be believed.
 */
export function suspect(known: Known, answer: { readonly endpoints: readonly Endpoint[]; readonly presumed: ReadonlySet<string> }, now: number): { readonly suspicion: Suspicion | undefined; readonly lately: readonly Loss<Endpoint>[] } {
  const listed = lookupIn(answer.endpoints, ({ id }) => id)
  const isStated = (endpoint: Endpoint): boolean => {
    const next = listed(endpoint.id)
    return known.hasLeft(endpoint) || (next !== undefined && !isInService(next) && !answer.presumed.has(next.id))
  }
  const stays = ({ id }: Endpoint): boolean => {
    const next = listed(id)
    return next !== undefined && isInService(next)
  }
  // Most answers lose nothing, and there is nothing to be compared.
  if (known.lately.length === 0 && known.accepted.every((endpoint) => stays(endpoint) || !isInService(endpoint) || isStated(endpoint))) return { suspicion: undefined, lately: [] }
  const inService = known.accepted.filter(isInService)
  const before = inService.filter((endpoint) => !isStated(endpoint))
  const after = answer.endpoints.filter(isInService)
  // A server that came back under another id is not lost.
  const left = new Set(after.flatMap((endpoint) => [endpoint.id, addressOf(endpoint)]))
  const isGone = (endpoint: Endpoint): boolean => !left.has(endpoint.id) && !left.has(addressOf(endpoint)) && !isStated(endpoint)
  const lost = before.filter(isGone)
  const lately = withLosses(known.lately, { lost, before: before.length, stated: inService.length - before.length, isGone, since: now - known.window }, now)
  const most = mostOf(lately)
  const isSuspicious = lost.length > 0 && (known.isHeld(lost) || isSudden(lately.length, most, after.length))
  if (!isSuspicious) return { suspicion: undefined, lately }
  const message = after.length === 0 ? `all ${most} endpoints vanished at once` : `${lately.length} of ${most} endpoints vanished at once`
  return { suspicion: { lost: lately.map(({ item }) => item), message }, lately }
}

/** Whether what was lost is big enough and sudden enough to be held at first sight. */
export function isSudden(lost: number, before: number, after: number): boolean {
  return after === 0 || (lost >= LOSES && after < before * SHRINK)
}

/** What a suspicious answer makes of the suspicion: undefined once it has been confirmed often and long enough, which is `lasts` milliseconds. */
export function confirm(hold: Hold | undefined, { purpose }: Pick<Ask, 'purpose'>, lasts: number, { now, random }: Moment): Hold | undefined {
  if (hold?.since === undefined) return { since: now, confirmAt: Math.max(hold?.confirmAt ?? 0, now + CONFIRM_FIRST * (1 + random)), confirmations: 0 }
  if (purpose !== 'confirm') return hold
  const confirmations = hold.confirmations + 1
  if (confirmations >= CONFIRMATIONS && now - hold.since >= lasts) return undefined
  return { since: hold.since, confirmAt: now + CONFIRM_EVERY * (1 + 0.1 * random), confirmations }
}

/**
 * What trouble makes of a suspicion. One question that fails may be a connection that was cut. Two in a row are an outage, and take back what
 * was confirmed: a registry that crashes again and again is empty each time, and who was lost cannot register while it is away. Where it is the
 * confirmation that fails, ordinary questions go on before the next one.
 */
export function interrupt(hold: Hold | undefined, { purpose }: Pick<Ask, 'purpose'>, failures: number, { now }: Moment): Hold | undefined {
  if (hold === undefined) return undefined
  const later = purpose === 'confirm' ? { ...hold, confirmAt: now + CONFIRM_EVERY } : hold
  return failures > 1 ? { ...later, since: undefined, confirmations: 0 } : later
}

/** What was accepted, with what was lost of it a little earlier: from now on all of it is held together. */
export function withLost(accepted: readonly Endpoint[], lost: readonly Endpoint[]): readonly Endpoint[] {
  const known = new Map(accepted.map((endpoint) => [endpoint.id, endpoint]))
  if (lost.every((endpoint) => known.get(endpoint.id) === endpoint)) return accepted
  for (const endpoint of lost) known.set(endpoint.id, endpoint)
  return inOrder(known)
}

/** What is used while a suspicion is being confirmed: everything listed, and what was lost in its last form, marked as held. */
export function withHeld(next: readonly Endpoint[], lost: readonly Endpoint[]): readonly Endpoint[] {
  const byId = new Map(next.map((endpoint) => [endpoint.id, endpoint]))
  for (const endpoint of lost) byId.set(endpoint.id, { ...endpoint, held: true })
  return inOrder(byId)
}

function inOrder(byId: ReadonlyMap<string, Endpoint>): readonly Endpoint[] {
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}
