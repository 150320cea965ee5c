// The texts of a route that leave the gateway: rewritten path and host, header rules (location.ts has the location of a redirect). All are
// checked when the table is compiled, and what is rendered from a request is checked or escaped once more as the last step.
import type { HeaderRulesConfig, RewriteConfig } from '../model/route-config.ts'
import { GatewayError } from '../model/error.ts'
import { octetsOf } from '../model/octets.ts'
import type { HeaderRules, Template } from '../model/route.ts'
import { isToken } from '../model/token.ts'
import type { Scope } from './matcher.ts'
import { type TemplateRules, splitTemplate, templateOf } from './template.ts'

/** Compiles the path of a rewrite. */
export function compileRewritePath(text: string, rules: TemplateRules, at: string, scope: Scope): Template {
  if (!text.startsWith('/')) scope.problem(at, 'a rewritten path begins with /')
  if (/[?#]/.test(text)) scope.problem(at, 'a rewritten path holds no ? or #: the query of the request is kept')
  if (/[^!-~]/.test(text)) scope.problem(at, 'a rewritten path holds only visible ASCII: percent-encode the rest')
  const template = templateOf(splitTemplate(text, rules, at, scope))
  return { render: (params) => checkPath(oneLeadingSlash(template.render(params))) }
}

/** Checks the host of a rewrite: a name, an IPv4 address or a bracketed IPv6 address, with or without a port. */
export function compileRewriteHost(rewrite: RewriteConfig, at: string, scope: Scope): string | undefined {
  const { host } = rewrite
  if (host !== undefined && !isHostPort(host)) scope.problem(at, `${JSON.stringify(host)} is not a host: write a name or an address, with or without a port`)
  return host
}

function isHostPort(text: string): boolean {
  const parts = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text)
  return parts !== null && Number(parts[1] ?? 1) >= 1 && Number(parts[1] ?? 1) <= 65_535
}

/** Compiles the header rules of a route. */
export function compileHeaderRules(config: HeaderRulesConfig, rules: TemplateRules, at: string, scope: Scope): HeaderRules {
  const lines = (list: 'set' | 'add'): readonly (readonly [string, string, Template])[] =>
    config[list].map(([name, value], i) => {
      const octets = fieldValue(name, value, `${at}.${list}[${i}]`, scope)
      return [name, name.toLowerCase(), templateOf(splitTemplate(octets, rules, `${at}.${list}[${i}]`, scope))]
    })
  for (const [i, name] of config.remove.entries()) checkName(name, `${at}.remove[${i}]`, scope)
  return { remove: config.remove.map((name) => name.toLowerCase()), set: lines('set'), add: lines('add') }
}

/** Compiles the headers of an answer that a route makes. */
export function compileAnswerHeaders(headers: readonly (readonly [string, string])[], at: string, scope: Scope): readonly (readonly [string, string])[] {
  return headers.map(([name, value], i) => [name, fieldValue(name, value, `${at}[${i}]`, scope)])
}

/** A value as it is sent, a character for each byte: runtimes keep no more of a character, and the low byte of `č` is a carriage return. */
function fieldValue(name: string, value: string, at: string, scope: Scope): string {
  checkName(name, at, scope)
  if (/[^\t -~\x80-\uffff]/.test(value)) scope.problem(at, 'a header value holds no control characters')
  return octetsOf(value)
}

function checkName(name: string, at: string, scope: Scope): void {
  if (!isToken(name)) scope.problem(at, `${JSON.stringify(name)} is not a header name`)
}

/** A path that begins with two slashes would be read as `//host` by browsers and by some origins. */
export function oneLeadingSlash(text: string): string {
  return /^\/[/\\]/.test(text) ? text.replace(/^\/[/\\]+/, '/') : text
}

/** The last line before the upstream: guarded requests and checked templates cannot come here with anything else. */
function checkPath(path: string): string {
  if (/^\/[!-~]*$/.test(path) && !/\/\.{1,2}(?:[/;]|%3B|%3F|%23|$)/i.test(path)) return path
  throw new GatewayError('bad_path', 'the rewritten path is not a clean path: check the captures in the route\'s rewrite')
}
