// Lets whoever holds the secret ask a live response for its own explanation.
import type { Platform } from '../model/platform.ts'
import type { RequestHead } from '../model/request.ts'
import { explainRequest } from './explain-request.ts'
import type { LiveExplain } from './live-explain.ts'

/** Seconds that a signature is valid, before and after: clocks differ, and a copied header should not work tomorrow. */
const SKEW_SECONDS = 300
/** Losing routes in an explanation, and its characters: it travels in a header. */
const LOSERS = 10
const MAX_CHARACTERS = 8192

/** What a signature covers. */
type Signed = Pick<RequestHead, 'method' | 'authority' | 'path'>

/** The value of `fairlead-explain` for a request: `<unix seconds>.<hex HMAC-SHA256 of "seconds method authority path">`. */
export async function signExplain(secret: string, seconds: number, head: Signed): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', await keyOf(secret), signedText(seconds, head))
  return `${seconds}.${[...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** Explanations for requests signed with this secret; every other request is served as if it had not asked. */
export function createLiveExplain(secret: string, platform: Platform): LiveExplain {
  let key: Promise<CryptoKey> | undefined
  return {
    async explain(snapshot, { head, upgrade }, context) {
      if (!(await isSigned((key ??= keyOf(secret)), platform.wallClock(), head))) return undefined
      const full = ascii(JSON.stringify(explainRequest(snapshot, head, context, { limit: LOSERS, upgrade })))
      if (full.length <= MAX_CHARACTERS) return full
      const short = ascii(JSON.stringify(explainRequest(snapshot, head, context, { limit: 0, upgrade })))
      return short.length <= MAX_CHARACTERS ? short : '{"error":"the explanation does not fit a header; ask POST /api/explain"}'
    },
  }
}

async function isSigned(key: Promise<CryptoKey>, now: number, head: RequestHead): Promise<boolean> {
  const given = head.headers.getAll('fairlead-explain')
  const [, digits, hex] = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(given[0] ?? '') ?? []
  if (given.length !== 1 || digits === undefined || hex === undefined || Math.abs(now / 1000 - Number(digits)) > SKEW_SECONDS) return false
  const mac = Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
  // Compares in constant time.
  return crypto.subtle.verify('HMAC', await key, mac, signedText(Number(digits), head))
}

function keyOf(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}

function signedText(seconds: number, { method, authority, path }: Signed): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${seconds} ${method} ${authority} ${path}`)
}

/** JSON in visible ASCII, as a header field can carry it. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
