// Matches cookies over every Cookie field (RFC 6265 section 5.4, HTTP/2 may split them). Names and values are taken as sent,
// without the quotes that may surround a value.
import type { MatchConfig } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import { fieldConditions, type FieldKind } from './field.ts'
import type { Matcher, Scope } from './matcher.ts'

const COOKIE: FieldKind = { on: 'cookie', octets: true, some: someCookie }

export const cookieMatcher = {
  key: 'cookies',
  doc: 'Cookies by name; the same tests as for headers.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => fieldConditions(COOKIE, match.cookies ?? [], `${at}.cookies`, scope),
} satisfies Matcher

function someCookie(head: RequestHead, name: string, accept: (value: string) => boolean): boolean {
  return head.headers.some('cookie', (field) => someInField(field, name, accept))
}

function someInField(field: string, name: string, accept: (value: string) => boolean): boolean {
  for (let start = 0; start < field.length; ) {
    const semicolon = field.indexOf(';', start)
    const end = semicolon < 0 ? field.length : semicolon
    const pair = field.slice(start, end)
    const equals = pair.indexOf('=')
    if (equals > 0 && bare(pair.slice(0, equals)) === name && accept(unquote(bare(pair.slice(equals + 1))))) return true
    start = end + 1
  }
  return false
}

/** Without the white space around it. `trim` would take the octet A0 too, with which `à` ends. */
function bare(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** The first value of a cookie, for balancers that keep it on one endpoint. */
export function cookieValue(headers: RequestHead['headers'], name: string): string | undefined {
  let found: string | undefined
  for (const field of headers.getAll('cookie')) if (someInField(field, name, (value) => ((found = value), true))) break
  return found
}
