// Hosts as routes name them: exact, `*.suffix` or `/regex/`, brought into the normal form of `RequestHead.host`.
import { normalV6Literal } from '../model/host.ts'
import type { HostPattern } from '../model/match-config.ts'
import { Complaint } from './complaint.ts'
import { checkPattern } from './pattern.ts'

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** Reads one host of a route. A host cannot hold a slash, so `/…/` is always a regular expression; it must match the whole host. */
export function readHost(text: string): HostPattern {
  if (text.startsWith('/') && text.endsWith('/') && text.length > 2) return { kind: 'regex', pattern: checkPattern(text.slice(1, -1)) }
  if (text === '*') throw new Complaint("'*' is not needed", 'leave the host out to match every host')
  if (text.startsWith('*.')) return { kind: 'suffix', suffix: normalHost(text.slice(2)) }
  if (text.includes('*')) throw new Complaint(`'${text}': a star stands only for whole labels at the start`, 'write *.example.com, or a regular expression: /^api-.*\\.example\\.com$/')
  return { kind: 'exact', host: normalHost(text) }
}

/** Lower case, IDNA as ASCII, one trailing dot removed, IPv6 in its short form in brackets. */
export function normalHost(text: string): string {
  if (text.startsWith('[')) return normalIPv6(text)
  if (text.includes('://')) throw new Complaint(`'${text}' is an URL`, 'write the host alone')
  if (/:\d*$/.test(text)) throw new Complaint(`'${text}' has a port`, 'a host matches on every port; use `listener` to tell ports apart')
  const host = asciiHost(text.endsWith('.') ? text.slice(0, -1) : text)
  if (host.length > 253 || !host.split('.').every((label) => LABEL.test(label))) throw new Complaint(`'${text}' is not a host name`, 'letters, digits and hyphens in labels joined by dots')
  return host
}

function asciiHost(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase()
  // Of more than a host the URL would be that of something else; tabs it would drop, and escapes decode.
  return /[\s/?#@\\%:[\]]/.test(text) ? text : (URL.parse(`http://${text}/`)?.hostname ?? text)
}

function normalIPv6(text: string): string {
  const host = normalV6Literal(text.toLowerCase())
  if (host === undefined) throw new Complaint(`'${text}' is not an IPv6 address in brackets`, 'write [2001:db8::1]')
  return host
}
