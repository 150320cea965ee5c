// What a matcher is: it turns its part of a match into conditions, and tells a scope what is wrong with it.
import type { MatchConfig } from '../model/match-config.ts'
import type { Condition } from '../model/route.ts'
import type { Caller } from './caller.ts'
import type { Regex } from './regex.ts'

/** Something wrong with a table that only compiling it can see. `path` points into the normal form: `routes[3].match[0].path[0]`. */
export interface TableProblem {
  readonly path: string
  readonly message: string
}

/** What matchers share while one table is compiled. */
export interface Scope {
  problem(path: string, message: string): void
  /** The compiled pattern, the same object for the same text; undefined after reporting a problem. */
  regex(pattern: string, path: string): Regex | undefined
  /** The caller of that name; undefined after reporting a problem. */
  caller(name: string, path: string): Caller | undefined
}

/** A way to look at one part of a request. One file each; `list.ts` names them. */
export interface Matcher {
  /** Key in the normal form of a match. */
  readonly key: keyof MatchConfig
  /** What it compares, in a line: the description of its key in the schema and the reference. */
  readonly doc: string
  /**
   * The conditions of this part of `match`, none when it says nothing. All of them must hold, except for `host` and `path`:
   * there each member of the list makes an entry of its own, so that each has its own rank. `at` is the path of `match`.
   */
  compile(match: MatchConfig, at: string, scope: Scope): readonly Condition[]
}
