// Which trailer fields may pass: none that frames, routes or authenticates a message (RFC 9110 section 6.5.1), nor one that the route rules on.
import type { HeaderRules } from '../../model/route.ts'
import { classOf, PASS } from '../../proxy/header-class.ts'

const FORBIDDEN = new Set(['authorization', 'cookie', 'set-cookie', 'cache-control', 'expires', 'date', 'age', 'vary', 'location', 'retry-after', 'range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'max-forwards', 'pragma', 'www-authenticate', 'x-request-id'])

/** The text after the last chunk: allowed trailer lines, each ended by CRLF. */
export function trailerText(lines: readonly string[]): string {
  let text = ''
  for (const line of lines) {
    const key = keyOf(line)
    if (classOf(key) === PASS && !FORBIDDEN.has(key) && !key.startsWith('content-')) text += `${line}\r\n`
  }
  return text
}

/** The same text without the fields that a route removes or sets: they must not come back, or be another, behind the body. */
export function ruledTrailers(text: string, rules: HeaderRules | undefined): string {
  if (text === '' || rules === undefined) return text
  const passes = (line: string): boolean => !rules.remove.includes(keyOf(line)) && !rules.set.some(([, key]) => key === keyOf(line))
  return text.split(/(?<=\r\n)/).filter(passes).join('')
}

function keyOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase()
}
