// The location of a redirect. Whoever asks chooses the captures, and must not choose with them the site that a client is sent to: what
// browsers would take for a host is looked for as they do, not only as RFC 3986 has it.
import type { Template } from '../model/route.ts'
import type { Scope } from './matcher.ts'
import { oneLeadingSlash } from './rewrite.ts'
import { type Piece, type TemplateRules, splitTemplate, templateOf } from './template.ts'

/** Names a redirect's location may hold besides the captures. */
const BUILT_IN: readonly string[] = ['scheme', 'host', 'path', 'query']

/** Names that every path of a route captures. */
export interface Captured {
  readonly names: ReadonlySet<string>
  /** Of these, those that are one segment in every path and so hold no slash. */
  readonly segments: ReadonlySet<string>
}

/** Compiles a location. Whatever it renders is `[!-~]`; the rest is percent-encoded. */
export function compileLocation(text: string, captured: Captured, at: string, scope: Scope): Template {
  if (/[^!-~]/.test(text) || text === '') scope.problem(at, 'a location holds only visible ASCII, at least one character: percent-encode the rest')
  if (text.includes('\\')) scope.problem(at, 'a location holds no backslash: browsers read it as a slash, write / or %5C')
  const pieces = splitTemplate(text, locationRules(captured.names), at, scope)
  checkSite(pieces, captured.segments, at, scope)
  const template = templateOf(pieces)
  const isPath = !text.startsWith('//')
  return {
    render(params) {
      const rendered = template.render(params).replaceAll(/[^!-~]+/gu, encodeLoose)
      return isPath ? oneLeadingSlash(rendered) : rendered
    },
  }
}

/** A capture with the name of a built-in would be read in two ways, so it cannot stand in a location. */
function locationRules(captured: ReadonlySet<string>): TemplateRules {
  const clash = BUILT_IN.filter((name) => captured.has(name))
  return {
    names: new Set([...captured, ...BUILT_IN].filter((name) => !clash.includes(name))),
    why: (name) => (clash.includes(name) ? 'is both a capture of the path and a built-in: rename the capture' : `is neither captured by every path of this route nor one of ${BUILT_IN.map((known) => `{${known}}`).join(', ')}`),
    looseBraces: false,
  }
}

/** Refuses each capture that could name another site or move the end of the host: `https://example.com{**}` would lead to `example.com.evil.example`. */
function checkSite(pieces: readonly Piece[], segments: ReadonlySet<string>, at: string, scope: Scope): void {
  let before = ''
  for (const [i, piece] of pieces.entries()) {
    if (typeof piece === 'string') before += piece
    else {
      const wrong = wrongWith(piece.name, before, pieces.slice(i + 1), segments)
      if (wrong !== undefined) scope.problem(at, `{${piece.name}} ${wrong}`)
      before += PLACEHOLDERS.get(piece.name) ?? 'x'
    }
  }
}

/** What the built-ins are like; the query may be nothing, and then what follows it follows what is before it. */
const PLACEHOLDERS: ReadonlyMap<string, string> = new Map([['path', '/x'], ['query', '']])

function wrongWith(name: string, before: string, after: readonly Piece[], segments: ReadonlySet<string>): string | undefined {
  if (name === 'scheme' || name === 'query') return undefined
  if (isBeforeSlash(before)) return name === 'path' ? undefined : 'at the start could lead to another site: begin with a /, or with a scheme and a host'
  const host = hostBefore(before)
  if (host === undefined || name === 'host') return undefined
  if (name === 'path') return host === '' ? 'could change the host of the location: put a host before it' : undefined
  if (segments.has(name) && isClosed(after)) return undefined
  return `could change the host of the location: put a / before it${segments.has(name) ? '' : '; only a capture of one segment may stand there, with .NAME after it'}`
}

/** In the first segment of a relative location, where a colon would make a scheme of it. */
function isBeforeSlash(before: string): boolean {
  return /^[^:/?#]*$/.test(before)
}

/** What of the host is there already; undefined where it is over. Of an URL browsers take any number of slashes. */
function hostBefore(before: string): string | undefined {
  return /^(?:[^:/?#]*:\/*|\/{2,})(?<host>[^/?#]*)$/.exec(before)?.groups?.['host']
}

/** Whether the host surely goes on with a name of the text. */
function isClosed([next, afterNext]: readonly Piece[]): boolean {
  if (typeof next !== 'string') return false
  return /^\.[A-Za-z0-9_-]/.test(next) || (next === '.' && typeof afterNext === 'object' && afterNext.name === 'host')
}

function encodeLoose(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
