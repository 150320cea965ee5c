// `fairlead check FILE`: everything that is wrong with a configuration or a table, and the tests written in it.
import { resolve } from 'node:path'
import { adapters } from '../../discovery/list.ts'
import { checkTable } from '../config/check.ts'
import { isTableText } from '../config/names.ts'
import { parseConfig, parseTable } from '../config/parse.ts'
import { type KnownListener, knownListener } from '../model/listener-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Problem } from '../model/store.ts'
import { readArguments } from './arguments.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'
import { formatProblem } from './problem.ts'
import { readInput } from './read-input.ts'

export const CHECK_USAGE = `usage: fairlead check FILE [--strict] [--json]
  FILE            a configuration, or a table alone; - for standard input
  --strict        warnings count as errors
  --json          one JSON object as the result

  Reports every problem with its place and what to write instead: mistakes, routes that can never win,
  services that nothing uses. Runs the tests written in the table. Ends with 1 when there are errors.

example:
  fairlead check fairlead.yaml`

const OPTIONS = { strict: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } as const

interface Result {
  readonly problems: readonly Problem[]
  readonly table?: TableConfig
  readonly tests: number
}

export async function check(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, CHECK_USAGE)
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError(CHECK_USAGE)
  const result = checkText(await readInput(file, io), file === '-' ? '' : file, io)
  const failing = result.problems.filter(({ severity }) => severity === 'error' || values.strict)
  if (values.json) io.out(JSON.stringify({ ok: failing.length === 0, problems: result.problems, routes: result.table?.routes.length ?? null, services: result.table?.services.length ?? null, tests: result.tests }))
  else {
    for (const problem of result.problems) io.out(formatProblem(problem, file))
    io.out(summary(file, result))
  }
  return failing.length === 0 ? 0 : 1
}

function checkText(text: string, file: string, io: CliIo): Result {
  const path = file === '' ? '' : resolve(file)
  const { table, listeners, problems } = isTableText(text) ? asTable(text, path) : asConfig(text, path, io)
  if (table === undefined) return { problems, tests: 0 }
  const checked = checkTable(table, text, { wallClock: Date.now(), listeners })
  return { table, problems: [...problems, ...checked.problems], tests: checked.tests }
}

interface Parsed {
  readonly table?: TableConfig
  readonly listeners: readonly KnownListener[]
  readonly problems: readonly Problem[]
}

function asConfig(text: string, file: string, io: CliIo): Parsed {
  const { config, problems } = parseConfig(text, { file, env: io.env, adapters })
  return { problems, listeners: config?.listeners.map((listener) => knownListener(listener)) ?? [], ...(config === undefined ? {} : { table: config.table }) }
}

/** A table alone goes to Redis, where no environment is expanded. */
function asTable(text: string, file: string): Parsed {
  return { listeners: [], ...parseTable(text, { file }) }
}

function summary(file: string, { problems, table, tests }: Result): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const found = problems.length === 0 ? 'no problems' : [count(errors, 'error'), count(warnings, 'warning')].filter((part) => part !== '').join(', ')
  const size = table === undefined ? '' : ` in ${[count(table.routes.length, 'route') || 'no routes', count(table.services.length, 'service'), count(tests, 'test')].filter((part) => part !== '').join(', ')}`
  return `${file}: ${found}${size}`
}

function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`
}
