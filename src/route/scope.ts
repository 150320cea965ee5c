// Where one compilation keeps its problems and what several routes share: patterns, callers and services.
import type { TableConfig } from '../model/config.ts'
import type { Condition } from '../model/route.ts'
import type { ServiceIndex } from './action.ts'
import { type Caller, compileCallers } from './caller.ts'
import type { Scope, TableProblem } from './matcher.ts'
import { compileRegex } from './regex.ts'

/** The scope of one whole table. */
export interface TableScope extends Scope {
  readonly problems: readonly TableProblem[]
  readonly services: ServiceIndex
  /** Conditions besides host and path, by the JSON of what they were made from. */
  readonly shared: Map<string, readonly Condition[]>
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
    shared: new Map(),
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
