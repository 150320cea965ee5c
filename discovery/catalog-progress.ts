// The state of one catalogue as pure transitions: what an answer means for the list of services, given everything known before.
import type { CatalogService, CatalogSet } from '../src/model/catalog.ts'
import type { Attempt, ReadOutcome } from '../src/model/discoverer.ts'
import type { StaleCause } from '../src/model/endpoint.ts'
import type { CatalogReading } from './catalog.ts'
import { confirm, HOLD, isSudden } from './guard.ts'
import { mostOf, withLosses, type Loss } from './losses.ts'
import { nextResync, type Asked, type Moment, type Question } from './question.ts'
import { settle } from './settle.ts'

/** Services of one registry that routes may be taken from. */
const MAX_SERVICES = 20_000

/** All that is known of one catalogue. */
export interface CatalogProgress extends Asked {
  readonly accepted: readonly CatalogService[] | undefined
  /** What vanished of late. */
  readonly lately: readonly Loss<CatalogService>[]
  /** Wall clock of the last believed answer, milliseconds. */
  readonly at: number
  readonly set: CatalogSet | undefined
  /** Whether the last believed list left services out for lack of rights; undefined when that is not known. */
  readonly filtered: boolean | undefined
}

export interface CatalogRules {
  readonly wanted: (labels: readonly string[]) => boolean
  readonly allowEmpty: boolean
}

/** The state before the first question. */
export function beginCatalog(last: readonly CatalogService[] | undefined, moment: Moment): CatalogProgress {
  const accepted = last === undefined || last.length === 0 ? undefined : ordered(last)
  return { accepted, lately: [], at: 0, set: undefined, token: undefined, filtered: undefined, hold: undefined, failures: 0, resyncAt: nextResync(moment) }
}

/** What an answer makes of the state. */
export function advanceCatalog(before: CatalogProgress, question: Question, reading: CatalogReading, rules: CatalogRules, moment: Moment): { readonly progress: CatalogProgress; readonly attempt: Attempt } {
  const { progress: after, outcome, message } = digest(before, question, reading, rules, moment)
  const { progress, believed, missedChange } = settle({ before, after, question, outcome, unheard: question.resync && before.token !== undefined }, moment)
  return { progress, attempt: { at: moment.wall, outcome, count: progress.accepted?.length ?? 0, rejected: [], believed, missedChange, ...(message === undefined ? {} : { message }) } }
}

interface Digested {
  readonly progress: CatalogProgress
  readonly outcome: ReadOutcome
  readonly message?: string
}

function digest(before: CatalogProgress, question: Question, reading: CatalogReading, rules: CatalogRules, moment: Moment): Digested {
  switch (reading.kind) {
    case 'failed':
    case 'denied':
      return troubled(before, reading.kind, reading.message)
    case 'unchanged':
      return unchanged(before, reading.token, moment)
    case 'listed':
      return deniedInPart(before, listed(before, question, reading, rules, moment), reading.denied?.message)
  }
}

function listed(before: CatalogProgress, question: Question, reading: Extract<CatalogReading, { kind: 'listed' }>, rules: CatalogRules, moment: Moment): Digested {
  const { denied } = reading
  if (denied !== undefined && before.accepted === undefined) return troubled(before, 'denied', denied.message)
  const kept = denied === undefined ? [] : servicesInUse(before).filter(({ ref }) => denied.isOf(ref))
  const next = ordered([...kept, ...reading.services.filter(({ labels }) => rules.wanted(labels))])
  if (next.length > MAX_SERVICES) return troubled(before, 'failed', `the registry lists ${next.length} services with routes; more than ${MAX_SERVICES} are refused`)
  const names = new Set(next.map(({ ref }) => ref))
  const isGone = ({ ref }: CatalogService): boolean => !names.has(ref)
  const { unsure } = reading
  const all = servicesInUse(before)
  const known = unsure === undefined ? all : all.filter((service) => !isGone(service) || !unsure.except.has(service.ref))
  const vanished = known.filter(isGone)
  const lately = withLosses(before.lately, { lost: vanished, before: known.length, stated: 0, isGone, since: moment.now - HOLD }, moment.now)
  const lost = lately.map(({ item }) => item)
  const most = mostOf(lately)
  if (reading.filtered === true && before.filtered === false && vanished.length > 0) return troubled(before, 'denied', 'the registry now leaves services out for lack of rights; check what the token may read')
  const rest = { token: reading.token, failures: 0 }
  const outcome = next.length > 0 ? 'ok-with-data' : 'ok-empty'
  const base = new Set(before.accepted?.map(({ ref }) => ref))
  // Where only what was added during a hold is missing, and all others are back, it is judged like anything else.
  const isHeld = unsure !== undefined || (before.hold !== undefined && vanished.some(({ ref }) => base.has(ref)))
  const isSuspicious = vanished.length > 0 && (isHeld || isSudden(lost.length, most, next.length))
  const hold = rules.allowEmpty || !isSuspicious ? undefined : confirm(before.hold, question.ask, unsure === undefined ? HOLD : Infinity, moment)
  if (hold === undefined) {
    // The very list where it says the same: whether one is another is seen by that.
    const accepted = before.accepted !== undefined && same(before.accepted, next) ? before.accepted : next
    const set: CatalogSet = { kind: 'ready', services: accepted, at: moment.wall }
    return { progress: { ...before, ...rest, accepted, lately: isSuspicious || rules.allowEmpty ? [] : lately, at: set.at, filtered: reading.filtered ?? false, hold, set: difference(before.set, set) }, outcome }
  }
  // Services that vanished are watched on; whether they have endpoints is for their own watches to say.
  const services = ordered([...next, ...lost])
  const until = unsure === undefined ? `this is confirmed over ${HOLD / 1000} s` : 'a registry that has just come back, or another server of it, had time to know all of them'
  const cause: StaleCause = { outcome: 'guarded', message: `${lost.length} of ${most} services with routes vanished at once; they are kept until ${until}` }
  return { progress: { ...before, ...rest, accepted: ordered([...known.filter(({ ref }) => base.has(ref)), ...lost]), lately: [], hold, set: difference(before.set, { kind: 'stale', services, at: before.at, cause }) }, outcome, message: cause.message }
}

/** The last believed list; while a suspicion is confirmed all that is watched, with what was added meanwhile. */
export function servicesInUse({ accepted = [], set, hold }: CatalogProgress): readonly CatalogService[] {
  return hold === undefined || set === undefined || set.kind === 'pending' ? accepted : set.services
}

/** All of it is used, and it is said where a part is no news. */
function deniedInPart(before: CatalogProgress, digested: Digested, message: string | undefined): Digested {
  const { progress } = digested
  if (message === undefined || progress.failures > 0 || progress.set === undefined) return digested
  const set = difference(before.set, { kind: 'stale', services: servicesOf(progress.set), at: before.at, cause: { outcome: 'denied', message } })
  return { progress: { ...progress, at: before.at, set }, outcome: 'denied', message }
}

function troubled(before: CatalogProgress, outcome: 'failed' | 'denied', message: string): Digested {
  const cause: StaleCause = { outcome, message }
  const known = before.set !== undefined && before.set.kind !== 'pending' ? before.set.services : before.accepted
  const set: CatalogSet = known === undefined ? { kind: 'pending', cause } : { kind: 'stale', services: known, at: before.at, cause }
  return { progress: { ...before, failures: before.failures + 1, set: difference(before.set, set) }, outcome, message }
}

function unchanged(before: CatalogProgress, token: string, moment: Moment): Digested {
  const services = before.accepted ?? []
  const at = before.hold === undefined ? moment.wall : before.at
  const set: CatalogSet | undefined = before.hold === undefined ? { kind: 'ready', services, at } : before.set
  return { progress: { ...before, token, failures: 0, at, set: set === undefined ? undefined : difference(before.set, set) }, outcome: services.length > 0 ? 'ok-with-data' : 'ok-empty' }
}

// The set before, when the new one says nothing new: readers compare by identity.
function difference(before: CatalogSet | undefined, next: CatalogSet): CatalogSet {
  if (before === undefined || before.kind !== next.kind || causeOf(before) !== causeOf(next)) return next
  return same(servicesOf(before), servicesOf(next)) ? before : next
}

function causeOf(set: CatalogSet): string {
  const cause = set.kind === 'ready' ? undefined : set.cause
  return cause === undefined ? '' : `${cause.outcome} ${cause.message}`
}

function servicesOf(set: CatalogSet): readonly CatalogService[] {
  return set.kind === 'pending' ? [] : set.services
}

// Labels do not count: routes are made of what the endpoints carry.
function same(a: readonly CatalogService[], b: readonly CatalogService[]): boolean {
  return a.length === b.length && a.every(({ ref }, i) => b[i]?.ref === ref)
}

/** Once each, in the order of the references. */
function ordered(services: readonly CatalogService[]): readonly CatalogService[] {
  return [...new Map(services.map((service) => [service.ref, service])).values()].sort((a, b) => (a.ref < b.ref ? -1 : 1))
}
