// Lets whoever holds the secret ask a live response for its own explanation.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Platform } from '../model/platform.ts'
import type { RequestHead } from '../model/request.ts'
import { explainRequest } from '../proxy/explain-request.ts'
import type { LiveExplain } from '../proxy/live-explain.ts'

/** Seconds that a signature is valid, before and after: clocks differ, and a copied header should not work tomorrow. */
const SKEW_SECONDS = 300
/** Losing routes in an explanation, and its characters: it travels in a header. */
const LOSERS = 10
const MAX_CHARACTERS = 8192

/** The value of `fairlead-explain` for a request: `<unix seconds>.<hex HMAC-SHA256 of "seconds method authority path">`. */
export function signExplain(secret: string, seconds: number, head: Pick<RequestHead, 'method' | 'authority' | 'path'>): string {
  return `${seconds}.${createHmac('sha256', secret).update(`${seconds} ${head.method} ${head.authority} ${head.path}`).digest('hex')}`
}

/** Explanations for requests signed with this secret; every other request is served as if it had not asked. */
export function createLiveExplain(secret: string, platform: Platform): LiveExplain {
  return {
    explain(snapshot, head, context) {
      if (!isSigned(secret, platform.wallClock(), head)) return Promise.resolve(undefined)
      const full = ascii(JSON.stringify(explainRequest(snapshot, head, context, { limit: LOSERS })))
      if (full.length <= MAX_CHARACTERS) return Promise.resolve(full)
      const short = ascii(JSON.stringify(explainRequest(snapshot, head, context, { limit: 0 })))
      return Promise.resolve(short.length <= MAX_CHARACTERS ? short : '{"error":"the explanation does not fit a header; ask POST /api/explain"}')
    },
  }
}

function isSigned(secret: string, now: number, head: RequestHead): boolean {
  const given = head.headers.getAll('fairlead-explain')
  const seconds = Number(given[0]?.split('.')[0])
  if (given.length !== 1 || !Number.isSafeInteger(seconds) || Math.abs(now / 1000 - seconds) > SKEW_SECONDS) return false
  const expected = Buffer.from(signExplain(secret, seconds, head))
  const actual = Buffer.from(given[0] as string)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** JSON in visible ASCII, as a header field can carry it. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
