// `fairlead routes push FILE`: check a table, run its tests, publish it to Redis and wait until the gateways have it.
import { parseDocument, stringify } from 'yaml'
import type { ParsedTable, Problem } from '../model/store.ts'
import { readTable } from '../store/read-table.ts'
import { readDocument } from '../config/document.ts'
import { tablePart } from '../config/names.ts'
import type { TableConfig } from '../model/table-config.ts'
import { readArguments } from './arguments.ts'
import { fail, UsageError, type CliIo, type ExitCode } from './io.ts'
import { formatProblem } from './problem.ts'
import { publishTable } from './publish-table.ts'
import { readInput } from './read-input.ts'
import { readNumber, readTimeout, STORE_OPTIONS, whoAmI, withStore } from './store-options.ts'

/** Longer documents are stored as JSON, in characters; shorter ones as they were written, comments included. */
const LONG = 256 * 1024

export const PUSH_USAGE = `usage: fairlead routes push FILE --redis URL [options]
  FILE            a table, or a whole configuration whose table is taken; - for standard input
  --redis URL     where to publish; default: environment variable FAIRLEAD_REDIS
  --prefix P      start of the keys, default fairlead
  --note TEXT     kept in the log, for people
  --by NAME       who publishes, default user@host
  --expect N      only when version N is in force
  --timeout 10s   longest wait for the gateways; 0s does not wait
  --allow-empty   publish a table without routes
  --json          one JSON object as the result

example:
  fairlead routes push routes.yaml --redis redis://127.0.0.1:6379 --note "canary to 10%"`

/** What a table must stand before it is published. */
export interface PushRules {
  /** Reads a table, also out of a whole configuration. */
  parse(text: string, file: string): ParsedTable
  /** Runs the tests written in the table, and whatever else `fairlead check` looks at. */
  check(table: TableConfig, text: string): readonly Problem[]
}

const OPTIONS = {
  ...STORE_OPTIONS,
  note: { type: 'string', default: '' },
  by: { type: 'string' },
  expect: { type: 'string' },
  timeout: { type: 'string', default: '10s' },
  'allow-empty': { type: 'boolean', default: false },
} as const

export async function routesPush(args: readonly string[], io: CliIo, rules: PushRules): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, PUSH_USAGE)
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError(PUSH_USAGE)
  const timeout = readTimeout(values.timeout)
  const expectVersion = values.expect === undefined ? undefined : readNumber('--expect', values.expect, 0)
  const written = await readInput(file, io)
  const text = values['allow-empty'] ? allowEmpty(written) : written
  const problems = problemsOf(text, file === '-' ? '' : file, rules)
  const errors = problems.filter(({ severity }) => severity === 'error')
  const isTold = values.json && errors.length > 0
  for (const problem of isTold ? [] : problems) io.err(formatProblem(problem, file))
  if (errors.length > 0) return fail(io, values.json, `nothing was published: ${errors.length} ${errors.length === 1 ? 'error' : 'errors'} in ${file}`, { problems })
  return withStore(values, io, (access) =>
    publishTable(access, { text: tableText(text), by: values.by ?? whoAmI(io), note: values.note, timeout, json: values.json, ...(expectVersion === undefined ? {} : { expectVersion }) }, io),
  )
}

function problemsOf(text: string, file: string, rules: PushRules): readonly Problem[] {
  const read = readTable(text, (document) => rules.parse(document, file))
  return 'problems' in read ? read.problems : [...read.warnings, ...rules.check(read.table, text)]
}

/**
 * What is stored: the document as it was written, comments included. Of a whole configuration only its table, since the rest
 * may hold secrets of one gateway; and a long one as JSON, which every gateway reads in a third of the time.
 */
function tableText(text: string): string {
  const data = readDocument(text).source?.value
  const part = tablePart(data)
  const isWhole = typeof part === 'object' && part !== null && typeof data === 'object' && data !== null && Object.keys(part).length === Object.keys(data).length
  if (text.length > LONG) return JSON.stringify(part)
  return isWhole ? text : stringify(part, { aliasDuplicateObjects: false })
}

/** The same document with `allowEmpty: true`, which is what gateways ask for; comments and layout stay. */
function allowEmpty(text: string): string {
  if (text.trim() === '') return 'routes: []\nallowEmpty: true\n'
  const document = parseDocument(text)
  if (document.errors.length > 0) return text
  document.set('allowEmpty', true)
  return document.toString()
}
