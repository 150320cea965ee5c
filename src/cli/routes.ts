// `fairlead routes`: the table that a gateway serves, in the order in which it prefers routes, and what it refused.
import type { RejectedView, RoutesAnswer } from '../model/admin.ts'
import { AdminFault, askAdmin } from './admin-client.ts'
import { readArguments } from './arguments.ts'
import { age, columns } from './columns.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'
import { formatProblem } from './problem.ts'

export const ROUTES_USAGE = `usage: fairlead routes [options]
  --invalid       only the tables that were refused, with every reason; ends with 1 when there are any
  --admin URL     ask this gateway, default http://127.0.0.1:9990
  --json          one JSON object as the result

example:
  fairlead routes --admin http://127.0.0.1:9990`

/** Options of commands that read one list from the admin server. */
export const ADMIN_OPTIONS = { admin: { type: 'string' }, json: { type: 'boolean', default: false } } as const

const OPTIONS = { ...ADMIN_OPTIONS, invalid: { type: 'boolean', default: false } } as const

export async function routes(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, ROUTES_USAGE)
  if (positionals.length > 0) throw new UsageError(ROUTES_USAGE)
  const answer = await orFault(askAdmin<RoutesAnswer>(values.admin, values.invalid ? '/api/routes?limit=0' : '/api/routes'), io)
  if (answer === undefined) return 1
  if (values.json) io.out(JSON.stringify(values.invalid ? { rejected: answer.rejected } : answer))
  else for (const line of values.invalid ? rejectedText(answer.rejected) : routesText(answer)) io.out(line)
  return values.invalid && answer.rejected.length > 0 ? 1 : 0
}

/** The answer, or undefined after saying why there is none. */
export async function orFault<T>(asked: Promise<T>, io: CliIo): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof AdminFault)) throw error
    io.err(error.message)
    return undefined
  }
}

function routesText({ revision, routes, rejected }: RoutesAnswer): string[] {
  if (revision === null) return ['no table yet', ...refusedNote(rejected)]
  const rows = routes.map(({ name, priority, match, action, counts }) => [name, match.join(' | '), `-> ${action}`, priority === 0 ? '' : `priority ${priority}`, `${counts.requests} requests`])
  return [`revision ${revision.number}, ${revision.hash} of ${revision.origin}, since ${age(Date.now() - revision.at)}; ${routes.length} routes, best first`, ...columns(rows), ...refusedNote(rejected)]
}

function refusedNote(rejected: readonly RejectedView[]): string[] {
  return rejected.length === 0 ? [] : ['', `${rejected.length} later ${rejected.length === 1 ? 'table was' : 'tables were'} refused: fairlead routes --invalid`]
}

function rejectedText(rejected: readonly RejectedView[]): string[] {
  if (rejected.length === 0) return ['no table was refused since the one that is served']
  return rejected.flatMap(({ origin, at, problems }) => [`${origin}, refused ${age(Date.now() - at)} ago`, ...problems.map((problem) => `  ${formatProblem(problem, origin)}`)])
}
