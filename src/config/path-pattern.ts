// Paths as routes name them, brought into the normal form that requests have (`proxy/normalize.ts`), so that matching is a
// comparison of strings.
import type { PathPattern, PathSegment } from '../model/match-config.ts'
import { Complaint } from './complaint.ts'
import { checkPattern } from './pattern.ts'

const PARAM = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/
const REGEX_HINT = 'a regular expression for a path is written /^…/'

/**
 * Reads `/exact`, `/prefix/**`, `/users/{id}/orders` or a regular expression. A regular expression begins with `/^` and ends
 * with `/`; a segment that begins with `^` is otherwise not allowed, so that there is one reading.
 * @throws Complaint for what no request path in normal form can be
 */
export function readPath(text: string): PathPattern {
  if (text.length > 3 && text.startsWith('/^') && text.endsWith('/')) return { kind: 'regex', pattern: checkPattern(text.slice(1, -1)) }
  if (!text.startsWith('/')) throw new Complaint(`the path '${text}' does not begin with a slash`, `write /${text}`)
  const rest = text.endsWith('/**')
  const body = rest ? text.slice(1, -3) : text.slice(1)
  const segments = rest && body === '' ? [] : body.split('/').map((segment, i, all) => readSegment(segment, text, i === all.length - 1 && !rest))
  const names = segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Complaint(`the parameter {${twice}} stands twice in '${text}'`, 'give each its own name')
  return { kind: 'template', segments, rest }
}

function readSegment(segment: string, path: string, last: boolean): PathSegment {
  if (segment === '' && !last) throw new Complaint(`'${path}' has an empty segment`, 'slashes in a row are merged before routing; write one slash')
  const param = PARAM.exec(segment)
  if (param !== null) return { kind: 'param', name: param[1] as string }
  if (segment.includes('*')) throw new Complaint(`'${segment}' in '${path}': stars stand only in a last segment /**`, `write {name} for one segment; ${REGEX_HINT}`)
  if (segment.startsWith('^')) throw new Complaint(`'${path}' looks like a regular expression without its last slash`, REGEX_HINT)
  if (/[{}]/.test(segment)) throw new Complaint(`'${segment}' in '${path}' is not a parameter`, `a parameter is a whole segment: {id}; ${REGEX_HINT}`)
  const text = normalSegment(segment, path)
  if (text === '.' || text === '..') throw new Complaint(`'${path}' has a dot segment`, 'requests are brought into a form without . and .. before routing; write the path without them')
  return { kind: 'literal', text }
}

/**
 * A segment that a path may have and that is more likely half of a regular expression: `v.+`, `(ab)+`, `(a)`, `foo$`. Round brackets,
 * dollar and plus alone are nothing strange in a path (`/c++/`, `/$metadata`, `/Products(1)`).
 */
const REGULAR = /\.\+|\)\+|^\(.*\)$|.\$$/

/** What to write instead of a literal path that looks like a regular expression; undefined for one that does not. */
export function regexMeant(pattern: PathPattern): string | undefined {
  const looks = pattern.kind === 'template' && pattern.segments.some((segment) => segment.kind === 'literal' && REGULAR.test(segment.text))
  return looks ? REGEX_HINT : undefined
}

const ESCAPE = /%([0-9a-fA-F]{2})?/g
const UNRESERVED = /[A-Za-z0-9._~-]/

/** UTF-8 percent-encoding for non-ASCII, upper-case hex, unreserved characters decoded (RFC 3986, 6.2.2). */
function normalSegment(segment: string, path: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const bad = /[\\;?#"<>`[\]|^\s\u0000-\u0020\u007f]/.exec(segment)
  if (bad !== null) throw refuseCharacter(bad[0], path)
  const ascii = segment.replace(ESCAPE, (whole: string, hex: string | undefined) => normalOctet(whole, hex, path))
  // oxlint-disable-next-line no-control-regex -- everything outside ASCII is meant
  const text = ascii.replace(/[^\x00-\x7f]+/g, (run) => encodeText(run, path))
  if (!isUtf8(text)) throw new Complaint(`the escapes in '${path}' are not UTF-8`, 'requests with such a path are refused before routing')
  if (text.endsWith('%20')) throw new Complaint(`a segment of '${path}' ends in a space`, 'requests with such a path are refused before routing')
  return text
}

function encodeText(run: string, path: string): string {
  if (!run.isWellFormed()) throw new Complaint(`'${path}' holds half a character (a lone surrogate)`, 'write the whole character')
  return encodeURIComponent(run)
}

function isUtf8(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function normalOctet(whole: string, hex: string | undefined, path: string): string {
  if (hex === undefined) throw new Complaint(`'${path}': a percent sign without two hex digits`, 'write %25 for a percent sign')
  const upper = hex.toUpperCase()
  if (/^(?:2F|5C|[01].|7F)$/.test(upper)) throw new Complaint(`'${path}' holds ${whole}`, 'requests with an encoded slash, backslash or control character are refused before routing: no route can match them')
  if (/^(?:3B|3F|23)$/.test(upper)) throw new Complaint(`'${path}' holds ${whole}`, 'rules see a segment only up to a ; ? or #, encoded or not: end the segment before it')
  const character = String.fromCharCode(Number.parseInt(upper, 16))
  return UNRESERVED.test(character) ? character : `%${upper}`
}

const EXPLAIN: Readonly<Record<string, string>> = {
  '\\': `requests with a backslash are refused before routing; ${REGEX_HINT}`,
  ';': 'path parameters (;x=y) are cut off before routing; write the path without them',
  '?': 'conditions on the query are written query: {name: value}',
  '#': 'a fragment never reaches a server',
}

function refuseCharacter(character: string, path: string): Complaint {
  const hint = EXPLAIN[character] ?? `write ${encodeURIComponent(character)}; ${REGEX_HINT}`
  return new Complaint(`'${path}' holds ${JSON.stringify(character)}`, hint)
}
