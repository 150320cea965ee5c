// Matches the time of the request: between two instants, in daily hours (UTC), on some days of the week. Hours that wrap
// midnight belong to the day on which they begin.
import type { MatchConfig, TimeWindow } from '../model/match-config.ts'
import type { Condition } from '../model/route.ts'
import type { Matcher, Scope } from './matcher.ts'

export const whenMatcher = {
  key: 'when',
  doc: 'When the request comes (UTC): `after` and `before` an instant, `from` and `to` an hour of the day, on some `days`. The start counts, the end does not; hours over midnight belong to the day they begin on.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => (match.when === undefined ? [] : [whenCondition(match.when, `${at}.when`, scope)]),
} satisfies Matcher

const DAY = 1_440
const MINUTE_MS = 60_000
const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

function whenCondition(window: TimeWindow, at: string, scope: Scope): Condition {
  checkWindow(window, at, scope)
  return {
    on: 'when',
    want: windowText(window),
    test: (_head, context) => isWithin(window, context.wallClock),
    seen: (_head, context) => instantText(context.wallClock),
  }
}

function checkWindow({ after, before, from, to, days }: TimeWindow, at: string, scope: Scope): void {
  if (after !== undefined && before !== undefined && before <= after) scope.problem(at, 'before is not later than after, so it can never match')
  if (from !== undefined && from === to) scope.problem(at, 'from and to are the same minute, so it can never match: leave both out for the whole day')
  if (days?.length === 0) scope.problem(at, 'days is empty, so it can never match: leave it out for every day')
}

function isWithin({ after, before, from, to, days }: TimeWindow, ms: number): boolean {
  if ((after !== undefined && ms < after) || (before !== undefined && ms >= before)) return false
  if (from === undefined && to === undefined && days === undefined) return true
  const minute = minuteOf(ms)
  const start = from ?? 0
  const end = to ?? DAY
  const wraps = end < start
  const early = wraps && minute < end
  if (wraps ? minute >= end && minute < start : minute < start || minute >= end) return false
  return days === undefined || days.includes(weekday(early ? ms - DAY * MINUTE_MS : ms))
}

/** Hours and days come back each week, and begin and end with a minute. */
const WEEK_MINUTES = 7 * DAY

/** Whether no moment is in the window at all. */
export function isNever(window: TimeWindow): boolean {
  const { after = 0, before = Number.POSITIVE_INFINITY } = window
  for (let i = 0, ms = after; i <= WEEK_MINUTES && ms < before; i++, ms = (Math.floor(ms / MINUTE_MS) + 1) * MINUTE_MS) if (isWithin(window, ms)) return false
  return true
}

/** Minute of the day, 0 to 1439. */
function minuteOf(ms: number): number {
  const minute = Math.floor(ms / MINUTE_MS) % DAY
  return minute < 0 ? minute + DAY : minute
}

/** 0 is Sunday; the epoch began on a Thursday. */
function weekday(ms: number): number {
  const day = (Math.floor(ms / (DAY * MINUTE_MS)) + 4) % 7
  return day < 0 ? day + 7 : day
}

function windowText({ after, before, from, to, days }: TimeWindow): string {
  const parts: string[] = []
  if (after !== undefined) parts.push(`after ${instantText(after)}`)
  if (before !== undefined) parts.push(`before ${instantText(before)}`)
  if (from !== undefined || to !== undefined) parts.push(`${hourText(from ?? 0)} to ${hourText(to ?? DAY)} UTC`)
  if (days !== undefined) parts.push(`on ${days.map((day) => DAY_NAMES[day] ?? day).join(', ')}`)
  return parts.join(', ')
}

function hourText(minute: number): string {
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`
}

/** `Mon 2026-11-23 09:11 UTC`; the core has no Date, so the civil date is counted (Hinnant, "days_from_civil" inverted). */
function instantText(ms: number): string {
  const days = Math.floor(ms / (DAY * MINUTE_MS)) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${DAY_NAMES[weekday(ms)] ?? ''} ${year}-${two(month)}-${two(day)} ${hourText(minuteOf(ms))} UTC`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
