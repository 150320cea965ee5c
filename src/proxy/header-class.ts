// Which header fields a gateway may pass on. One look-up for each field of each request.
import type { HeaderList } from '../model/headers.ts'

/** End to end: passes. */
export const PASS = 0
/** For one hop, or written by the transport itself (RFC 9110 section 7.6.1): never copied. */
export const HOP = 1
/** Says who the client is or what it asked for: only believed from a trusted peer. */
export const TRUST = 2

/** What a field is to a proxy: `PASS`, `HOP` or `TRUST`. */
export type HeaderClass = typeof PASS | typeof HOP | typeof TRUST

const HOP_FIELDS = [
  'connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'content-length', 'upgrade', 'host', 'http2-settings',
  'trailer', 'proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info', 'expect',
]

const TRUST_FIELDS = [
  'forwarded', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip', 'cf-connecting-ipv6', 'fastly-client-ip', 'x-cluster-client-ip',
  'x-original-url', 'x-original-host', 'x-rewrite-url', 'x-host', 'x-original-forwarded-for', 'x-proxyuser-ip', 'client-ip', 'client-cert',
  'client-cert-chain', 'x-client-cert', 'x-client-verified', 'x-peer-identity', 'remote-user', 'x-remote-user', 'x-remote-groups', 'x-webauth-user',
  'x-authenticated-user', 'x-authenticated-groups', 'x-user-identity',
]
const TRUST_PREFIXES = ['x-forwarded-', 'x-envoy-', 'x-auth-request-', 'x-ssl-', 'ssl-client-', 'x-client-cert-', 'fairlead-']

/** Never removed because `Connection` names them: that is how a client deletes what a policy or a hop before relied on. */
const PROTECTED = ['authorization', 'cookie', 'content-type', 'content-encoding', 'x-request-id', 'traceparent', 'tracestate', 'date', 'cache-control', 'origin', 'range', 'accept']

const CLASSES = new Map<string, HeaderClass>()
const MAX_CACHED = 4096
/** Longer names are not kept from one request to the next: a table of them would be as large as heads may be. */
export const MAX_KEPT_NAME = 64

/** The class of a field by its lower-cased name. */
export function classOf(key: string): HeaderClass {
  const known = CLASSES.get(key)
  if (known !== undefined) return known
  const found = classify(key)
  // Bounded in number and size, since names come from anybody.
  if (CLASSES.size < MAX_CACHED && key.length <= MAX_KEPT_NAME) CLASSES.set(key, found)
  return found
}

/**
 * Removes what says who the client is or what it asked for, of a request from a peer that is not believed: before anything is
 * decided by it. What asks for an explanation is left, since it is no condition's business and proves itself.
 */
export function removeClaims(headers: HeaderList): void {
  headers.removeWhere(isClaim)
}

function isClaim(key: string): boolean {
  return classOf(key) === TRUST && key !== 'fairlead-explain'
}

/**
 * The fields that a message's `Connection` names and that may be removed for it (RFC 9110 section 7.6.1); undefined for
 * none, the usual case.
 */
export function namedByConnection(values: readonly string[]): string[] | undefined {
  if (values.length === 0 || (values.length === 1 && (values[0] === 'keep-alive' || values[0] === 'close'))) return undefined
  const members = values.join(',').toLowerCase().split(',')
  return members.map((member) => member.trim()).filter((member) => member !== '' && classOf(member) === PASS && !PROTECTED.includes(member))
}

function classify(key: string): HeaderClass {
  if (HOP_FIELDS.includes(key)) return HOP
  if (isTrust(key)) return TRUST
  // Origins in the manner of CGI read `_` and `.` as `-`: the twin of a field that matters is that field.
  const twin = key.replace(/[_.]/g, '-')
  if (twin !== key && (HOP_FIELDS.includes(twin) || isTrust(twin) || PROTECTED.includes(twin))) return HOP
  return PASS
}

function isTrust(key: string): boolean {
  return TRUST_FIELDS.includes(key) || TRUST_PREFIXES.some((prefix) => key.startsWith(prefix))
}
