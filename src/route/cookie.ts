// Matches cookies over every Cookie field (RFC 6265 section 5.4, HTTP/2 may split them). Names and values are taken as sent,
// without the quotes that may surround a value.
import type { MatchConfig } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import { fieldConditions } from './field.ts'
import type { Matcher, Scope } from './matcher.ts'

export const cookieMatcher = {
  key: 'cookies',
  doc: { summary: 'Cookies by name; the same tests as for headers.', example: 'cookies: { canary: true }' },
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => fieldConditions('cookie', match.cookies ?? [], someCookie, `${at}.cookies`, scope),
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
    if (equals > 0 && pair.slice(0, equals).trim() === name && accept(unquote(pair.slice(equals + 1).trim()))) return true
    start = end + 1
  }
  return false
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
