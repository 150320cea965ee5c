// The one normal form of a path and of a host. What is matched is what is forwarded, so that no origin can read another
// path than the one a rule was applied to (RFC 3986 section 6.2.2; docs/reference/paths.md).
import { normalV6Literal } from '../model/host.ts'

/** A path in normal form; see `RequestHead`. */
export interface NormalPath {
  readonly path: string
  readonly matchPath: string
}

/** Bytes that need a closer look. A dot or a slash after a slash is found by the loop itself. */
const SPECIAL = new Uint8Array(256)
for (const char of '%\\;') SPECIAL[char.charCodeAt(0)] = 1
for (let code = 0; code < 256; code++) if (code <= 0x20 || code >= 0x7f) SPECIAL[code] = 1

/** Brings a path (without query) into normal form; undefined when two parsers could read it in two ways. */
export function normalizePath(raw: string): NormalPath | undefined {
  if (isPlain(raw)) return { path: raw, matchPath: raw }
  const decoded = normalizeEscapes(raw)
  if (decoded === undefined) return undefined
  const path = removeDots(decoded)
  if (path === undefined) return undefined
  return { path, matchPath: /[;%]/.test(path) ? cutParameters(path) : path }
}

/** True for a path that is its own normal form: no escapes, parameters, empty or dot segments. */
export function isPlain(raw: string): boolean {
  if (raw.charCodeAt(0) !== 0x2f) return false
  let afterSlash = false
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code > 0xff || SPECIAL[code] === 1) return false
    if (afterSlash && (code === 0x2f || code === 0x2e)) return false
    afterSlash = code === 0x2f
  }
  return true
}

/** Decodes escapes of unreserved characters, upper-cases the others; undefined for what origins read differently. */
function normalizeEscapes(raw: string): string | undefined {
  if (raw.charCodeAt(0) !== 0x2f || /[^\x21-\x7e]|\\/.test(raw)) return undefined
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return undefined
  const out = raw.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[A-Za-z0-9\-._~]/.test(char) ? char : escape.toUpperCase()
  })
  // Encoded slash, backslash and every control character: decoding once more would change the structure.
  if (/%(?:2F|5C|[01][0-9A-F]|7F)/.test(out)) return undefined
  return isUtf8(out) ? out : undefined
}

/** Overlong and otherwise broken UTF-8 is how `..%c0%af` reaches a lenient origin as `../`. */
function isUtf8(path: string): boolean {
  if (!/%[89A-F]/.test(path)) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/**
 * Removes dot segments (RFC 3986 section 5.2.4) and merges slashes. Undefined for a dot segment with parameters (`..;x`, `..%3Fx`),
 * for a segment that ends in an encoded space, which some origins trim, and for one that is only parameters (`/a/;x/b`): an
 * origin that cuts those and then merges slashes has one segment less than rules see. At the end there is nothing to merge
 * with, and servlet containers write `/a/;jsessionid=x` themselves.
 */
function removeDots(path: string): string | undefined {
  const out: string[] = []
  const segments = path.split('/')
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string
    const last = i === segments.length - 1
    if (segment === '' || segment === '.') {
      if (last) out.push('')
    } else if (segment === '..') {
      out.pop()
      if (last) out.push('')
    } else if (DOTS_AND_PARAMETERS.test(segment) || SPACE_BEFORE_END.test(segment) || (!last && PARAMETERS.test(segment))) return undefined
    else out.push(segment)
  }
  return `/${out.join('/')}`
}

/** A segment of which nothing is left once its parameters are cut: what follows one of these four, as it is or to an origin that decodes first. */
const PARAMETERS = /^(?:;|%3B|%3F|%23)/
const DOTS_AND_PARAMETERS = /^\.{1,2}(?:;|%3B|%3F|%23)/
const SPACE_BEFORE_END = /%20(?:;|%3B|%3F|%23|$)/

/** What rules see: each segment up to its parameters, since an origin that cuts them would otherwise be reached past a rule. */
function cutParameters(path: string): string {
  return path
    .split('/')
    .map((segment) => segment.replace(/(?:;|%3B|%3F|%23).*$/, ''))
    .join('/')
}

/** A host in normal form. */
export interface NormalHost {
  readonly authority: string
  readonly host: string
}

const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/

function normalName(written: string): string | undefined {
  const name = written.endsWith('.') ? written.slice(0, -1) : written
  return name.length <= 253 && NAME.test(name) ? name : undefined
}

/**
 * Brings the value of Host into normal form: lower case, IPv6 in its one spelling, one trailing dot and the scheme's default port removed.
 * Undefined for anything that is not host[:port] (RFC 9112 section 3.2), a name over 253 octets included.
 */
export function normalizeHost(raw: string, scheme: 'http' | 'https'): NormalHost | undefined {
  const lower = raw.toLowerCase()
  const portAt = lower.startsWith('[') ? lower.indexOf(':', lower.indexOf(']') + 1) : lower.indexOf(':')
  const port = portAt < 0 ? '' : lower.slice(portAt + 1)
  const written = portAt < 0 ? lower : lower.slice(0, portAt)
  if (portAt >= 0 && !/^[1-9][0-9]{0,4}$/.test(port)) return undefined
  if (Number(port) > 65_535) return undefined
  const host = written.startsWith('[') ? normalV6Literal(written) : normalName(written)
  if (host === undefined) return undefined
  const isDefault = port === '' || port === (scheme === 'https' ? '443' : '80')
  return { authority: isDefault ? host : `${host}:${port}`, host }
}
