// Regular expressions that cannot hang the gateway: RE2 syntax on re2js, whose matching time grows linearly with the text.
// The same engine runs on every runtime, so that decisions stay equal byte for byte.
import { RE2JS, RE2JSException } from 're2js'
import type { Params } from '../model/route.ts'

/** A compiled pattern. */
export interface Regex {
  readonly pattern: string
  /** Names of its groups, in the order of the pattern. */
  readonly groups: readonly string[]
  /** Whether the whole text matches. */
  whole(text: string): boolean
  /** Whether some part of the text matches. */
  part(text: string): boolean
  /** The named groups of a whole match, empty text for one that took no part. */
  capture(text: string): Params
}

/** Characters of a pattern. */
const MAX_PATTERN = 4096
/** Instructions of a compiled pattern. Time is linear in the text but also in this: `(a{1000}){1000}` must stay out. */
const MAX_PROGRAM = 2000

/** Compiles a pattern, or says for people why it cannot be. */
export function compileRegex(pattern: string): Regex | { readonly refused: string } {
  if (pattern.length > MAX_PATTERN) return { refused: `pattern has ${pattern.length} characters, the limit is ${MAX_PATTERN}` }
  try {
    const re = RE2JS.compile(pattern)
    if (re.programSize() > MAX_PROGRAM) return { refused: `pattern is too large: use smaller repeat counts (size ${re.programSize()}, the limit is ${MAX_PROGRAM})` }
    return new LinearRegex(pattern, re)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return { refused: `not a regular expression in RE2 syntax: ${error.message.replace('error parsing regexp: ', '')}${hint(pattern)}` }
  }
}

class LinearRegex implements Regex {
  readonly pattern: string
  readonly groups: readonly string[]
  readonly #re: RE2JS

  constructor(pattern: string, re: RE2JS) {
    this.pattern = pattern
    this.#re = re
    this.groups = Object.keys(re.namedGroups())
  }

  whole(text: string): boolean {
    return this.#re.testExact(text)
  }

  part(text: string): boolean {
    return this.#re.test(text)
  }

  capture(text: string): Params {
    const params: Record<string, string> = Object.create(null)
    const matcher = this.#re.matcher(text)
    if (!matcher.matches()) return params
    for (const name of this.groups) params[name] = matcher.group(name) ?? ''
    return params
  }
}

function hint(pattern: string): string {
  if (/\(\?<?[=!]/.test(pattern)) return '. Lookahead and lookbehind are left out because they cannot be matched in linear time: write the condition as two'
  if (/\\[1-9]|\\k/.test(pattern)) return '. Backreferences are left out because they cannot be matched in linear time'
  return ''
}
