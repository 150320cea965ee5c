// One call for users of the library: a text or a parsed table in, a table ready to decide out.
import type { Config } from '../model/config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Table } from '../model/route.ts'
import type { Problem } from '../model/store.ts'
import { compileTable } from '../route/compile.ts'
import type { Environment } from './expand.ts'
import { parseTable } from './parse.ts'

export interface CompileOptions {
  /** What `${NAME}` in the text stands for. Without it references are refused. */
  readonly env?: Environment
  /** Name of the text, which relative paths in it stand beside. */
  readonly file?: string
}

/** A text that is no valid table, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Compiles routes: YAML or JSON text (a table, or the table of a whole configuration), or a parsed table or configuration.
 * @throws ConfigError for a text, TableError for a parsed table
 * @example decide(compile('routes: [{ match: "/**", to: "http://127.0.0.1:7001" }]'), head, { wallClock, roll })
 */
export function compile(source: string | TableConfig | Config, options: CompileOptions = {}): Table {
  if (typeof source !== 'string') return compileTable('table' in source ? source.table : source)
  const { table, problems } = parseTable(source, { file: options.file ?? '', ofConfig: true, ...(options.env === undefined ? {} : { env: options.env }) })
  if (table === undefined) throw new ConfigError(problems)
  return compileTable(table)
}

/** `12:7 routes[2].match.host: … (did you mean …?)` */
export function formatProblem({ line, column, path, message, hint }: Problem): string {
  const place = line > 0 ? `${line}:${column} ` : ''
  return `${place}${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` (${hint})`}`
}
