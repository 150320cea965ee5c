// Readers of durations, sizes, shares and instants as people write them.
import { parseDuration } from '../model/duration.ts'
import { LONGEST_SLEEP } from '../model/platform.ts'
import { Complaint } from './complaint.ts'

/** `250ms`, `2s`, `1.5m`, `1h`, `0` → milliseconds. */
export function readDuration(text: string): number {
  const ms = text === '0' ? 0 : parseDuration(text)
  if (ms === undefined) throw new Complaint(`'${text}' is not a duration`, durationHint(text))
  if (ms > LONGEST_SLEEP) throw new Complaint(`'${text}' is too long`, 'at most 596h')
  return ms
}

function durationHint(text: string): string {
  const number = /^\d+(?:\.\d+)?$/.exec(text)
  return number === null ? 'write a number with ms, s, m or h: 250ms, 2s, 5m' : `add a unit: ${text}ms or ${text}s`
}

const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/
const BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** `512B`, `64KiB`, `10MiB`, `0` → bytes. */
export function readSize(text: string): number {
  if (text === '0') return 0
  const parts = SIZE.exec(text)
  if (parts === null) throw new Complaint(`'${text}' is not a size`, 'write a number with B, KiB, MiB or GiB: 64KiB')
  return Math.round(Number(parts[1]) * BYTES[parts[2] as keyof typeof BYTES])
}

/** `5%`, `0.5%` → hundredths of a percent, 0 to 10000. */
export function readShare(text: string): number {
  const parts = /^(\d+(?:\.\d{1,2})?)%$/.exec(text)
  const share = Math.round(Number(parts?.[1]) * 100)
  if (parts === null || share > 10_000) throw new Complaint(`'${text}' is not a share`, 'write 0% to 100%, with at most two decimals')
  return share
}

/** `22:00` → minutes of the day; `24:00` is the end of the day. */
export function readTimeOfDay(text: string): number {
  const parts = /^(\d\d):(\d\d)$/.exec(text)
  const minutes = Number(parts?.[1]) * 60 + Number(parts?.[2])
  if (parts === null || Number(parts[2]) > 59 || minutes > 1440) throw new Complaint(`'${text}' is not a time of day`, "write hours and minutes in UTC, in quotes: '22:00'")
  return minutes
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/

/** `2026-11-23T08:00:00Z` (RFC 3339, seconds optional, of their fraction the milliseconds) or `2026-11-23` (midnight UTC) → milliseconds since the epoch. */
export function readInstant(text: string): number {
  const parts = INSTANT.exec(text)
  if (parts === null) throw badInstant(text)
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(parts[i] ?? 0)) as [number, number, number, number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) throw badInstant(text)
  const local = ((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
  return (local - offsetSeconds(parts[8] ?? 'Z')) * 1000 + Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
}

function badInstant(text: string): Complaint {
  return new Complaint(`'${text}' is not an instant`, 'write 2026-11-23T08:00:00Z or 2026-11-23')
}

function offsetSeconds(zone: string): number {
  if (zone === 'Z') return 0
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60
  return zone.startsWith('-') ? -seconds : seconds
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from 1970-01-01, proleptic Gregorian: years start in March so that the leap day is their last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
