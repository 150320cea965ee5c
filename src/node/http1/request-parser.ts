// From marked bytes to a guarded request head: the target, Host and framing are checked here, before anything looks at them.
import { GatewayError, type Reason } from '../../model/error.ts'
import { HeaderList } from '../../model/headers.ts'
import { checkMethod } from '../../proxy/method.ts'
import { normalizeHost, normalizePath, type NormalHost } from '../../proxy/normalize.ts'
import { CLAIM, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, isValue, OTHER, takeField, TRANSFER_ENCODING, unique, UPGRADE, valueOf } from './field-names.ts'
import { Framing } from './framing.ts'
import type { HeadScanner } from './scanner.ts'

/** What one request head says, before the connection adds who sent it. */
export interface ParsedRequest {
  readonly method: string
  readonly http10: boolean
  readonly authority: string
  readonly host: string
  readonly path: string
  readonly matchPath: string
  readonly query: string
  readonly headers: HeaderList
  /** Body length, -1 when not given. */
  readonly length: number
  readonly chunked: boolean
  readonly keepAlive: boolean
  /** `Expect: 100-continue` was sent. */
  readonly expects: boolean
  /** Values of Connection in lower case, joined; empty without one. */
  readonly connection: string
  /** Value of Upgrade in lower case; empty without one. */
  readonly upgrade: string
  /** A field says who the client is, or how it asked; only a trusted peer's are believed. */
  readonly hasClaims: boolean
}

const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']
const USUAL_VERSION = ' HTTP/1.1'

/** Reads the head that the scanner has marked in `text`. Throws a GatewayError that says which rule it breaks. */
export function parseRequest(text: string, scanner: HeadScanner, base: number, scheme: 'http' | 'https'): ParsedRequest {
  const from = scanner.lineStart - base
  const to = scanner.lineEnd - base
  const usual = usualMethod(text, from, to)
  const [method, target, http10] = usual === '' ? parseRequestLine(text.slice(from, to)) : [usual, text.slice(from + usual.length + 1, to - USUAL_VERSION.length), false]
  const headers = new HeaderList()
  const framing = new Framing()
  let host: string | undefined
  let connection = ''
  let upgrade = ''
  let expect = ''
  let hasClaims = false
  const { marks, count } = scanner
  for (let i = 0; i < count; i++) {
    const kind = takeField(headers, text, marks, i, base)
    // Most fields are only passed on.
    if (kind === OTHER) continue
    if (kind === CLAIM) {
      hasClaims = true
      continue
    }
    const value = kind === HOST && isValue(text, marks, i, base, LAST[scheme].raw) ? LAST[scheme].raw : valueOf(text, marks, i, base)
    switch (kind) {
      case CONTENT_LENGTH:
        framing.contentLength(value)
        break
      case TRANSFER_ENCODING:
        framing.transferEncoding(value)
        break
      case HOST:
        if (host !== undefined) throw refuse('bad_host', 'more than one Host')
        host = value
        break
      case CONNECTION:
        connection = connection === '' ? value.toLowerCase() : `${connection},${value.toLowerCase()}`
        break
      case UPGRADE:
        upgrade = upgrade === '' ? value.toLowerCase() : `${upgrade},${value.toLowerCase()}`
        break
      case EXPECT:
        expect = value.toLowerCase()
        break
      default:
    }
  }
  if (framing.bad || (http10 && framing.chunked)) throw refuse('bad_request', 'Content-Length and Transfer-Encoding are malformed or contradict each other')
  if (expect !== '' && expect !== '100-continue') throw refuse('expectation_failed', `cannot meet the expectation ${expect}`)
  const { path, matchPath, query, authority } = parseTarget(method, target, scheme, host, http10)
  return {
    method, http10, authority: authority.authority, host: authority.host, path, matchPath, query, headers,
    length: framing.length, chunked: framing.chunked,
    keepAlive: connection === '' ? !http10 : http10 ? has(connection, 'keep-alive') : !has(connection, 'close'),
    expects: expect !== '' && !http10, connection, upgrade, hasClaims,
  }
}

/** True when a comma-separated list, in lower case, has that member. */
export function has(list: string, member: string): boolean {
  return list === member || (list.includes(',') ? list.split(',').some((part) => part.trim() === member) : list.trim() === member)
}

/** The method of a request line that is a common one, one target and `HTTP/1.1`: nearly every line is. Empty for the others, which `parseRequestLine` reads. */
function usualMethod(text: string, from: number, to: number): string {
  const end = to - USUAL_VERSION.length
  if (!text.startsWith(USUAL_VERSION, end)) return ''
  for (const method of COMMON_METHODS) {
    const space = from + method.length
    // The first space after the method must be the one before the version, and something must be between them.
    if (text.charCodeAt(space) === 0x20 && text.startsWith(method, from)) return space + 1 < end && text.indexOf(' ', space + 1) === end ? method : ''
  }
  return ''
}

/** `method SP target SP version`, nothing else (RFC 9112 section 3). */
function parseRequestLine(line: string): [method: string, target: string, http10: boolean] {
  const first = line.indexOf(' ')
  const last = line.lastIndexOf(' ')
  const version = line.slice(last + 1)
  if (first <= 0 || last <= first + 1) throw refuse('bad_request', 'the request line is not method, target and version')
  const method = line.slice(0, first)
  const target = line.slice(first + 1, last)
  if (target.includes(' ')) throw refuse('bad_request', 'a space in the request target')
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') throw /^HTTP\/[0-9]\.[0-9]$/.test(version) ? refuse('version_not_supported', `version ${version}`) : refuse('bad_request', 'no HTTP version')
  if (!COMMON_METHODS.includes(method)) checkMethod(method)
  return [method, target, version === 'HTTP/1.0']
}

interface Target {
  readonly path: string
  readonly matchPath: string
  readonly query: string
  readonly authority: NormalHost
}

/** Origin-form and absolute-form (RFC 9112 section 3.2); in the latter its authority wins over Host. */
function parseTarget(method: string, target: string, scheme: 'http' | 'https', hostField: string | undefined, http10: boolean): Target {
  if (hostField === undefined && !http10) throw refuse('bad_host', 'no Host')
  let authority = hostOf(hostField ?? '', scheme, http10)
  let origin = target
  if (target.charCodeAt(0) !== 0x2f) {
    const absolute = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(target)
    if (absolute === null) throw refuse('bad_request', `the target of ${method} is neither a path nor an absolute http URL`)
    authority = hostOf(absolute[2] as string, scheme, false)
    origin = absolute[3] as string
    if (origin === '' || origin.startsWith('?')) origin = `/${origin}`
  }
  if (origin.includes('#')) throw refuse('bad_path', 'a fragment in the request target')
  const mark = origin.indexOf('?')
  const rawPath = mark < 0 ? origin : origin.slice(0, mark)
  const normal = normalizePath(rawPath)
  if (normal === undefined) throw refuse('bad_path', 'the path can be read in more than one way')
  return { path: normal.path, matchPath: normal.matchPath, query: mark < 0 ? '' : origin.slice(mark), authority }
}

interface KnownHost {
  /** As it was spelled. */
  readonly raw: string
  readonly normal: NormalHost
}

/** Hosts in normal form by their spelling; most requests of a connection name the same one. */
const HOSTS = { http: new Map<string, KnownHost>(), https: new Map<string, KnownHost>() }
const MAX_HOSTS = 1024
const NO_HOST: NormalHost = { authority: '', host: '' }

/** The one of the last request; to compare is much cheaper than to look up. */
const LAST: Record<'http' | 'https', KnownHost> = { http: { raw: '', normal: NO_HOST }, https: { raw: '', normal: NO_HOST } }

function hostOf(raw: string, scheme: 'http' | 'https', mayBeEmpty: boolean): NormalHost {
  const last = LAST[scheme]
  if (raw === last.raw && raw !== '') return last.normal
  if (raw === '' && mayBeEmpty) return NO_HOST
  const known = HOSTS[scheme].get(raw) ?? learnHost(unique(raw), scheme)
  LAST[scheme] = known
  return known.normal
}

function learnHost(raw: string, scheme: 'http' | 'https'): KnownHost {
  const normal = normalizeHost(raw, scheme)
  if (normal === undefined) throw refuse('bad_host', 'Host is not a host name, an optional port and nothing else')
  const known = { raw, normal }
  if (HOSTS[scheme].size < MAX_HOSTS) HOSTS[scheme].set(raw, known)
  return known
}

function refuse(reason: Reason, message: string): GatewayError {
  return new GatewayError(reason, message, { side: 'downstream' })
}
