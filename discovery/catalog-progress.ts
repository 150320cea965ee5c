// The state of one catalogue as pure transitions: what an answer means for the list of services, given everything known before.
import type { CatalogService, CatalogSet } from '../src/model/catalog.ts'
import type { Attempt, ReadOutcome } from '../src/model/discoverer.ts'
import type { StaleCause } from '../src/model/endpoint.ts'
import type { Platform } from '../src/model/platform.ts'
import type { CatalogReading } from './catalog.ts'
import { CONFIRM_EVERY, CONFIRM_FIRST, CONFIRMATIONS, HOLD } from './guard.ts'
import type { Ask } from './reading.ts'

const RESYNC = 300_000
/** Services of one registry that routes may be taken from. */
const MAX_SERVICES = 20_000
/** A loss of more than half and at least so many is suspicious, as for endpoints. */
const LOSES = 3

type Clock = Pick<Platform, 'now' | 'wallClock' | 'random'>

/** All that is known of one catalogue. Times are monotonic milliseconds but for `at`. */
export interface CatalogProgress {
  readonly accepted: readonly CatalogService[] | undefined
  readonly at: number
  readonly set: CatalogSet | undefined
  readonly token: string | undefined
  readonly filtered: boolean
  readonly hold: { readonly since: number; readonly confirmAt: number; readonly confirmations: number } | undefined
  readonly failures: number
  readonly resyncAt: number
}

export interface CatalogQuestion {
  readonly ask: Omit<Ask, 'ref'>
  readonly resync: boolean
}

export interface CatalogRules {
  readonly wanted: (labels: readonly string[]) => boolean
  readonly allowEmpty: boolean
  readonly platform: Clock
}

/** The state before the first question. */
export function beginCatalog(last: readonly CatalogService[] | undefined, clock: Clock): CatalogProgress {
  const accepted = last === undefined || last.length === 0 ? undefined : ordered(last)
  return { accepted, at: 0, set: undefined, token: undefined, filtered: false, hold: undefined, failures: 0, resyncAt: nextResync(clock) }
}

/** The next question; `wait` is 0 where the source is polled. */
export function catalogQuestion({ hold, token, failures, resyncAt }: CatalogProgress, wait: number, now: number): CatalogQuestion {
  if (hold !== undefined && now >= hold.confirmAt) return { ask: { purpose: 'confirm', wait: 0 }, resync: false }
  const resync = now >= resyncAt
  if (token === undefined || resync || failures > 0) return { ask: { purpose: 'full', wait: 0 }, resync }
  if (wait === 0) return { ask: { purpose: 'full', token, wait: 0 }, resync }
  return { ask: { purpose: 'follow', token, wait: hold === undefined ? wait : Math.max(1000, Math.min(wait, hold.confirmAt - now)) }, resync }
}

/** What an answer makes of the state. */
export function advanceCatalog(before: CatalogProgress, question: CatalogQuestion, reading: CatalogReading, rules: CatalogRules): { readonly progress: CatalogProgress; readonly attempt: Attempt } {
  const { progress, outcome, message } = digest(before, question, reading, rules)
  const resyncAt = question.resync && progress.failures === 0 ? nextResync(rules.platform) : before.resyncAt
  const missedChange = question.resync && before.failures === 0 && progress.failures === 0 && before.token !== undefined && progress.accepted !== before.accepted
  const attempt: Attempt = { at: rules.platform.wallClock(), outcome, count: progress.accepted?.length ?? 0, rejected: [], believed: progress.failures === 0 && progress.hold === undefined, missedChange, ...(message === undefined ? {} : { message }) }
  return { progress: { ...progress, resyncAt }, attempt }
}

interface Digested {
  readonly progress: CatalogProgress
  readonly outcome: ReadOutcome
  readonly message?: string
}

function digest(before: CatalogProgress, question: CatalogQuestion, reading: CatalogReading, rules: CatalogRules): Digested {
  switch (reading.kind) {
    case 'failed':
    case 'denied':
      return troubled(before, reading.kind, reading.message)
    case 'unchanged':
      return unchanged(before, reading.token, rules)
    case 'listed':
      return listed(before, question, reading, rules)
  }
}

function listed(before: CatalogProgress, question: CatalogQuestion, reading: Extract<CatalogReading, { kind: 'listed' }>, rules: CatalogRules): Digested {
  const next = ordered(reading.services.filter(({ labels }) => rules.wanted(labels)))
  if (next.length > MAX_SERVICES) return troubled(before, 'failed', `the registry lists ${next.length} services with routes; more than ${MAX_SERVICES} are refused`)
  const known = before.accepted ?? []
  const names = new Set(next.map(({ ref }) => ref))
  const lost = known.filter(({ ref }) => !names.has(ref))
  if (reading.filtered === true && !before.filtered && lost.length > 0) return troubled(before, 'denied', 'the registry now leaves services out for lack of rights; check what the token may read')
  const rest = { token: reading.token, failures: 0 }
  const outcome = next.length > 0 ? 'ok-with-data' : 'ok-empty'
  const hold = rules.allowEmpty || !isSuspicious(known, next, lost, before.hold !== undefined) ? undefined : confirm(before, question, rules.platform)
  if (hold === undefined) {
    const accepted = same(known, next) && before.accepted !== undefined ? known : next
    const set: CatalogSet = { kind: 'ready', services: accepted, at: rules.platform.wallClock() }
    return { progress: { ...before, ...rest, accepted, at: set.at, filtered: reading.filtered ?? false, hold, set: difference(before.set, set) }, outcome }
  }
  // Services that vanished are watched on; whether they have endpoints is for their own watches to say.
  const services = ordered([...next, ...lost])
  const cause: StaleCause = { outcome: 'guarded', message: `${lost.length} of ${known.length} services with routes vanished at once; they are kept until this is confirmed over ${HOLD / 1000} s` }
  return { progress: { ...before, ...rest, hold, set: difference(before.set, { kind: 'stale', services, at: before.at, cause }) }, outcome, message: cause.message }
}

function troubled(before: CatalogProgress, outcome: 'failed' | 'denied', message: string): Digested {
  const cause: StaleCause = { outcome, message }
  const known = before.set !== undefined && before.set.kind !== 'pending' ? before.set.services : before.accepted
  const set: CatalogSet = known === undefined ? { kind: 'pending', cause } : { kind: 'stale', services: known, at: before.at, cause }
  return { progress: { ...before, failures: before.failures + 1, set: difference(before.set, set) }, outcome, message }
}

function unchanged(before: CatalogProgress, token: string, { platform }: CatalogRules): Digested {
  const services = before.accepted ?? []
  const at = before.hold === undefined ? platform.wallClock() : before.at
  const set: CatalogSet | undefined = before.hold === undefined ? { kind: 'ready', services, at } : before.set
  return { progress: { ...before, token, failures: 0, at, set: set === undefined ? undefined : difference(before.set, set) }, outcome: services.length > 0 ? 'ok-with-data' : 'ok-empty' }
}

function isSuspicious(known: readonly CatalogService[], next: readonly CatalogService[], lost: readonly CatalogService[], holding: boolean): boolean {
  if (lost.length === 0) return false
  return next.length === 0 || holding || (lost.length >= LOSES && next.length < known.length / 2)
}

// Undefined once it has been confirmed often and long enough.
function confirm(before: CatalogProgress, { ask }: CatalogQuestion, clock: Clock): CatalogProgress['hold'] {
  const now = clock.now()
  if (before.hold === undefined) return { since: now, confirmAt: now + CONFIRM_FIRST * (1 + clock.random()), confirmations: 0 }
  if (ask.purpose !== 'confirm') return before.hold
  const confirmations = before.hold.confirmations + 1
  if (confirmations >= CONFIRMATIONS && now - before.hold.since >= HOLD) return undefined
  return { since: before.hold.since, confirmAt: now + CONFIRM_EVERY * (1 + 0.1 * clock.random()), confirmations }
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

function nextResync(clock: Clock): number {
  return clock.now() + RESYNC * (0.8 + 0.4 * clock.random())
}
