// Where one compilation keeps its problems and what several routes share: patterns, callers, services, equal conditions.
import type { ServiceConfig } from '../model/service-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Condition, Destination } from '../model/route.ts'
import { type Caller, compileCallers } from './caller.ts'
import type { Scope, TableProblem } from './matcher.ts'
import type { PathCondition } from './path.ts'
import { compileRegex } from './regex.ts'

/** Services of the table by name, with their index. */
type ServiceIndex = ReadonlyMap<string, { readonly index: number; readonly config: ServiceConfig }>

/**
 * Compiled things by the JSON of what they were made from, so that routes that ask for the same have the same object: a hundred
 * thousand routes for GET then have one condition, which stays in the processor's cache.
 */
class Shared<T> {
  readonly #made = new Map<string, T>()
  readonly #problems: readonly TableProblem[]

  constructor(problems: readonly TableProblem[]) {
    this.#problems = problems
  }

  /** The thing made from `config`. What had a problem is made again, so that each place is reported. */
  get(config: unknown, make: () => T): T {
    const key = JSON.stringify(config)
    const same = this.#made.get(key)
    if (same !== undefined) return same
    const before = this.#problems.length
    const made = make()
    if (this.#problems.length === before) this.#made.set(key, made)
    return made
  }
}

/** The scope of one whole table. */
export interface TableScope extends Scope {
  readonly problems: readonly TableProblem[]
  readonly services: ServiceIndex
  readonly paths: Shared<readonly PathCondition[]>
  /** Conditions besides host and path. */
  readonly further: Shared<readonly Condition[]>
  readonly destinations: Shared<readonly Destination[]>
}

/** Starts a compilation: callers and services are looked at, and names given twice reported. */
export function createScope(config: TableConfig): TableScope {
  const problems: TableProblem[] = []
  const problem = (path: string, message: string): void => void problems.push({ path, message })
  const patterns = new Map<string, ReturnType<typeof compileRegex>>()
  const callers: ReadonlyMap<string, Caller> = compileCallers(config.callers, problem)
  reportTwice(config.services, 'services', problem)
  reportTwice(config.routes, 'routes', problem)
  return {
    problems,
    problem,
    paths: new Shared(problems),
    further: new Shared(problems),
    destinations: new Shared(problems),
    services: new Map(config.services.map((service, index) => [service.name, { index, config: service }])),
    regex(pattern, path) {
      const compiled = patterns.get(pattern) ?? compileRegex(pattern)
      patterns.set(pattern, compiled)
      if (!('refused' in compiled)) return compiled
      problem(path, compiled.refused)
      return undefined
    },
    caller(name, path) {
      const caller = callers.get(name)
      if (caller === undefined) problem(path, `there is no caller ${JSON.stringify(name)}: ${callers.size === 0 ? 'the table has none' : `callers are ${[...callers.keys()].slice(0, 20).join(', ')}`}`)
      return caller
    },
  }
}

function reportTwice(list: readonly { readonly name: string }[], at: string, problem: (path: string, message: string) => void): void {
  const seen = new Set<string>()
  for (const [i, { name }] of list.entries()) {
    if (seen.has(name)) problem(`${at}[${i}].name`, `there are two ${at} named ${name}`)
    seen.add(name)
  }
}
