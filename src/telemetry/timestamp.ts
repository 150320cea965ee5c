// Times in logs. The text of a second is kept, since all requests of one second share it.

/** Two ways to write a moment in UTC. */
export interface Timestamps {
  /** `2026-11-23T09:05:07.042Z` (RFC 3339). */
  iso(ms: number): string
  /** `23/Nov/2026:09:05:07 +0000`, as in the Common Log Format. */
  clf(ms: number): string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function createTimestamps(): Timestamps {
  let second = Number.NaN
  let iso = ''
  let clf = ''
  const turnTo = (ms: number): void => {
    const now = Math.floor(ms / 1000)
    if (now === second) return
    second = now
    const days = Math.floor(now / 86_400)
    const rest = now - days * 86_400
    const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`
    const { year, month, day } = civil(days)
    iso = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}.`
    clf = `${two(day)}/${MONTHS[month - 1] ?? ''}/${String(year).padStart(4, '0')}:${time} +0000`
  }
  return {
    iso(ms) {
      turnTo(ms)
      return `${iso}${String(Math.floor(ms) - second * 1000).padStart(3, '0')}Z`
    },
    clf(ms) {
      turnTo(ms)
      return clf
    },
  }
}

/** Date of a day since 1970-01-01, by counting from 1 March so that the leap day is the last (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
function civil(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365)
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  const month = march < 10 ? march + 3 : march - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: ofYear - Math.floor((153 * march + 2) / 5) + 1 }
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
