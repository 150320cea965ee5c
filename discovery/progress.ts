// The state of one watch as pure transitions: what an answer means for the endpoints, given everything known before.
import { endpointsOf, type Endpoint, type EndpointSet, type StaleCause } from '../src/model/endpoint.ts'
import type { Attempt, ReadOutcome, Rejection, WatchOptions } from '../src/model/discoverer.ts'
import { admit, MAX_INSTANCES } from './admit.ts'
import { withKept } from './denied.ts'
import { confirm, suspect, withHeld, withLost, type Hold, type Known, type Suspicion } from './guard.ts'
import type { Loss } from './losses.ts'
import { nextResync, type Asked, type Moment, type Question } from './question.ts'
import type { Reading } from './reading.ts'
import { reconcile } from './reconcile.ts'
import { mayBeInService, rowsOf, toldOf, type Refused } from './refusals.ts'
import { settle } from './settle.ts'

/** All that is known of one service. */
export interface Progress extends Asked {
  /** The last answer that was believed; undefined before the first. */
  readonly accepted: readonly Endpoint[] | undefined
  /** What left of late without a sign. */
  readonly lately: readonly Loss<Endpoint>[]
  /** Wall clock of the last believed answer, milliseconds. */
  readonly at: number
  /** What the reader was told last. */
  readonly set: EndpointSet | undefined
  /** Whether the last believed answer left rows out for lack of rights; undefined when that is not known. */
  readonly filtered: boolean | undefined
  /** Rows that were refused in the last answer that could be used. */
  readonly refused: ReadonlySet<string>
}

/** What a registry's configuration says about believing it. */
export interface Trust {
  readonly registry: string
  readonly allowEmpty: boolean
  readonly allowLinkLocal: boolean
  readonly strict: boolean
  /** Milliseconds that a suspicion must last before it is believed. */
  readonly hold: number
}

/** The state before the first question. */
export function begin(last: WatchOptions['last'], moment: Moment): Progress {
  return { accepted: last?.endpoints, lately: [], at: last?.at ?? 0, set: undefined, token: undefined, filtered: undefined, refused: new Set(), hold: undefined, failures: 0, resyncAt: nextResync(moment) }
}

/** What an answer makes of the state. */
export function advance(before: Progress, question: Question, reading: Reading, trust: Trust, moment: Moment): { readonly progress: Progress; readonly attempt: Attempt } {
  // What was said some time ago is confirmed as of then.
  const wall = moment.wall - ('age' in reading ? (reading.age ?? 0) : 0)
  const { progress: after, attempt } = digest(before, question, reading, trust, { ...moment, wall })
  // A source with a feed of its own knows what it heard of; else the full readings find what the feed did not tell.
  const unheard = ('missed' in reading ? reading.missed : undefined) ?? (question.resync && before.token !== undefined)
  const { progress, believed, missedChange } = settle({ before, after, question, outcome: attempt.outcome, unheard }, moment)
  return { progress, attempt: { at: wall, rejected: [], ...attempt, believed, missedChange } }
}

interface Digested {
  readonly progress: Progress
  readonly attempt: { readonly outcome: ReadOutcome; readonly message?: string; readonly count: number; readonly rejected?: readonly Rejection[] }
}

function digest(before: Progress, question: Question, reading: Reading, trust: Trust, moment: Moment): Digested {
  switch (reading.kind) {
    case 'failed':
    case 'denied':
      return troubled(before, reading.kind, reading.message)
    case 'unchanged':
      return unchanged(before, reading.token, moment)
    case 'not-found':
      return answered(before, question, { endpoints: [], presumed: new Set() }, reading, trust, moment)
    case 'listed':
      return listed(before, question, reading, trust, moment)
  }
}

function troubled(before: Progress, outcome: 'failed' | 'denied', message: string, rejected: readonly Rejection[] = []): Digested {
  const set = keepServing(before, { outcome, message })
  return { progress: { ...before, set, failures: before.failures + 1 }, attempt: { outcome, message, count: endpointsOf(set).length, rejected } }
}

function unchanged(before: Progress, token: string, moment: Moment): Digested {
  const accepted = before.accepted ?? []
  // A suspicion stays one until it is confirmed or gone; trouble that is over does not.
  const set: EndpointSet | undefined = before.hold === undefined && before.set?.kind !== 'absent' ? { kind: 'ready', endpoints: accepted, at: moment.wall } : before.set
  const progress: Progress = { ...before, token, failures: 0, at: before.hold === undefined ? moment.wall : before.at, set: difference(before.set, set) }
  return { progress, attempt: { outcome: accepted.length > 0 ? 'ok-with-data' : 'ok-empty', count: accepted.length } }
}

type Listed = Extract<Reading, { kind: 'listed' }>
type NotFound = Extract<Reading, { kind: 'not-found' }>

function listed(before: Progress, question: Question, reading: Listed, trust: Trust, moment: Moment): Digested {
  if (reading.instances.length > MAX_INSTANCES) return troubled(before, 'failed', `the registry lists ${reading.instances.length} instances; more than ${MAX_INSTANCES} of one service are refused`)
  const { endpoints, rejected: instances, presumed } = admit(reading.instances, { registry: trust.registry, allowLinkLocal: trust.allowLinkLocal, at: moment.wall })
  const { denied } = reading
  const refused: Refused = { rows: reading.rejected ?? [], instances }
  const rejected = toldOf([...refused.rows, ...(reading.notes ?? []), ...instances])
  const first = refused.rows[0] ?? instances[0]
  if (first !== undefined && trust.strict) return troubled(before, 'failed', `entry ${first.id} ${first.reason}`, rejected)
  if (first !== undefined && endpoints.length === 0 && mayBeInService(refused, { endpoints: staying(before, reading, trust), registry: trust.registry, refused: before.refused })) return troubled(before, 'failed', `every entry was refused; ${first.id} ${first.reason}`, rejected)
  if (reading.filtered === true && before.filtered === false && loses(before, endpoints)) {
    return troubled(before, 'denied', 'the registry now leaves entries out for lack of rights; check what the token may read', rejected)
  }
  if (denied !== undefined && before.accepted === undefined) return troubled(before, 'denied', denied.message, rejected)
  const answer: Answer = { endpoints: denied === undefined ? endpoints : withKept(endpoints, used(before), denied, trust.registry), presumed }
  const digested = answered(before, question, answer, reading, trust, moment)
  const whole: Digested = { progress: { ...digested.progress, refused: rowsOf(refused) }, attempt: { ...digested.attempt, rejected } }
  return denied === undefined ? whole : deniedInPart(before, whole, denied.message)
}

function staying(before: Progress, reading: Listed, trust: Trust): readonly Endpoint[] | undefined {
  return before.accepted && inUse(before).filter((endpoint) => !hasLeft(endpoint, reading, trust))
}

/** All of it is used, and it is said that a part is no news. */
function deniedInPart(before: Progress, { progress, attempt }: Digested, message: string): Digested {
  const endpoints = endpointsOf(progress.set ?? { kind: 'pending' })
  const set = difference(before.set, { kind: 'stale', endpoints, at: before.at, cause: { outcome: 'denied', message } })
  return { progress: { ...progress, at: before.at, set }, attempt: { ...attempt, outcome: 'denied', message } }
}

interface Answer {
  readonly endpoints: readonly Endpoint[]
  readonly presumed: ReadonlySet<string>
}

function answered(before: Progress, question: Question, answer: Answer, reading: Listed | NotFound, trust: Trust, moment: Moment): Digested {
  const { suspicion, lately } = trust.allowEmpty || reading.stated === true || before.accepted === undefined ? UNSUSPICIOUS : suspect(knownOf(before, before.accepted, reading, trust), answer, moment.now)
  const hold = suspicion === undefined ? undefined : confirm(before.hold, question.ask, trust.hold, moment)
  const progress = suspicion !== undefined && hold !== undefined ? held(before, answer, suspicion, hold, reading, trust) : believed(before, answer, suspicion === undefined ? lately : [], reading, moment)
  const outcome = reading.kind === 'not-found' ? 'not-found' : answer.endpoints.length > 0 ? 'ok-with-data' : 'ok-empty'
  const message = reading.kind === 'not-found' ? reading.message : hold === undefined ? undefined : suspicion?.message
  return { progress: { ...progress, token: reading.token, failures: 0 }, attempt: { outcome, count: answer.endpoints.length, ...(message === undefined ? {} : { message }) } }
}

const UNSUSPICIOUS = { suspicion: undefined, lately: [] } as const

function knownOf(before: Progress, accepted: readonly Endpoint[], reading: Listed | NotFound, trust: Trust): Known {
  const ids = new Set(before.hold === undefined ? [] : accepted.map(({ id }) => id))
  const isHeld = (lost: readonly Endpoint[]): boolean => reading.unsure === true || lost.some(({ id }) => ids.has(id))
  return { accepted: inUse(before), lately: before.lately, hasLeft: (endpoint) => hasLeft(endpoint, reading, trust), isHeld, window: trust.hold }
}

function hasLeft({ id }: Endpoint, { left }: Listed | NotFound, { registry }: Trust): boolean {
  return left?.has(id.slice(registry.length + 1)) === true
}

/**
 * The last believed answer. While a suspicion is confirmed it is what is in use, with what is held in its last good form: else what was added meanwhile would be
 * gone with the next emptiness, and what was put into maintenance or said to have left would come back as it was before.
 */
export function inUse({ accepted = [], set, hold }: Progress): readonly Endpoint[] {
  if (hold === undefined || set === undefined) return accepted
  const known = new Map(accepted.map((endpoint) => [endpoint.id, endpoint]))
  return endpointsOf(set).map((endpoint) => (endpoint.held === true ? (known.get(endpoint.id) ?? endpoint) : endpoint))
}

function believed(before: Progress, answer: Answer, lately: Progress['lately'], reading: Reading, moment: Moment): Progress {
  const accepted = reconcile(inUse(before), answer.endpoints)
  const set: EndpointSet = reading.kind === 'not-found' ? { kind: 'absent', at: moment.wall } : { kind: 'ready', endpoints: accepted, at: moment.wall }
  const filtered = reading.kind === 'listed' ? (reading.filtered ?? false) : before.filtered
  return { ...before, accepted, lately, at: moment.wall, filtered, hold: undefined, set: difference(before.set, set) }
}

function held(before: Progress, answer: Answer, suspicion: Suspicion, hold: Hold, reading: Reading, trust: Trust): Progress {
  const listed = reading.kind === 'not-found' ? 'the registry does not know the service any more' : suspicion.message
  const cause: StaleCause = { outcome: 'guarded', message: `${listed}; the endpoints are kept until this is confirmed over ${trust.hold / 1000} s` }
  const endpoints = reconcile(endpointsOf(before.set ?? { kind: 'pending' }), withHeld(reconcile(inUse(before), answer.endpoints), suspicion.lost))
  return { ...before, accepted: withLost(before.accepted ?? [], suspicion.lost), lately: [], hold, set: difference(before.set, { kind: 'stale', endpoints, at: before.at, cause }) }
}

function keepServing(before: Progress, cause: StaleCause): EndpointSet {
  if (before.accepted === undefined) return difference(before.set, { kind: 'pending', cause })
  return difference(before.set, { kind: 'stale', endpoints: used(before), at: before.at, cause })
}

/** What the reader was told last, or what there was before it. */
function used({ accepted = [], set }: Progress): readonly Endpoint[] {
  return set === undefined ? accepted : endpointsOf(set)
}

// The set before, when the new one says nothing new: readers compare by identity.
function difference(before: EndpointSet | undefined, next: EndpointSet): EndpointSet
function difference(before: EndpointSet | undefined, next: EndpointSet | undefined): EndpointSet | undefined
function difference(before: EndpointSet | undefined, next: EndpointSet | undefined): EndpointSet | undefined {
  if (before === undefined || next === undefined || before.kind !== next.kind) return next
  const sameCause = causeText(before) === causeText(next)
  if (before.kind === 'ready' || before.kind === 'stale') return sameCause && endpointsOf(before) === endpointsOf(next) ? before : next
  return sameCause ? before : next
}

function causeText(set: EndpointSet): string {
  const cause = set.kind === 'stale' || set.kind === 'pending' ? set.cause : undefined
  return cause === undefined ? '' : `${cause.outcome} ${cause.message}`
}

function loses(before: Progress, endpoints: readonly Endpoint[]): boolean {
  const listed = new Set(endpoints.map((endpoint) => endpoint.id))
  return inUse(before).some((endpoint) => !listed.has(endpoint.id))
}
