// `fairlead routes`: the table that a gateway serves, in the order in which it prefers routes, and what it refused.
import type { RejectedView, RoutesAnswer } from '../model/admin.ts'
import type { RefusedTag } from '../model/tagged.ts'
import { shortened } from '../model/visible.ts'
import { ADMIN_OPTIONS, askAdmin, orFault } from './admin-client.ts'
import { readArguments } from './arguments.ts'
import { catalogsText } from './catalogs-text.ts'
import { age, columns } from './columns.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'
import { formatProblem } from './problem.ts'
import { storeText } from './store-text.ts'

export const ROUTES_USAGE = `usage: fairlead routes [options]
  --invalid       only the tables and the tags of services that were refused, with every reason; ends with 1 when there are any
  --admin URL     ask this gateway, default http://127.0.0.1:9990
  --json          one JSON object as the result

example:
  fairlead routes --admin http://127.0.0.1:9990`

/** Characters of the tags of one route; all are in the JSON. */
const TAG_LENGTH = 200

const OPTIONS = { ...ADMIN_OPTIONS, invalid: { type: 'boolean', default: false } } as const

export async function routes(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, ROUTES_USAGE)
  if (positionals.length > 0) throw new UsageError(ROUTES_USAGE)
  const answer = await orFault(askAdmin<RoutesAnswer>(values.admin, values.invalid ? '/api/routes?limit=0' : '/api/routes'), values.json, io)
  if (answer === undefined) return 1
  const { rejected, refusedTags } = answer
  if (values.json) io.out(JSON.stringify(values.invalid ? { rejected, refusedTags } : answer))
  else for (const line of values.invalid ? invalidText(rejected, refusedTags) : routesText(answer)) io.out(line)
  return values.invalid && (rejected.length > 0 || refusedTags.some(({ kind }) => kind === 'refused')) ? 1 : 0
}

function routesText({ revision, routes, store, rejected, refusedTags, catalogs }: RoutesAnswer): string[] {
  const note = [...(store === null ? [] : storeText(store, Date.now()).flatMap((line) => ['', line])), ...catalogsText(catalogs, refusedTags, Date.now()), ...refusedNote(rejected), ...tagsNote(refusedTags)]
  if (revision === null) return ['no table yet', ...note]
  const rows = routes.map(({ name, priority, match, action, counts }) => [name, match.join(' | '), `-> ${action}`, priority === 0 ? '' : `priority ${priority}`, `${counts.requests} requests`])
  return [`revision ${revision.number}, ${revision.hash} of ${revision.origin}, since ${age(Date.now() - revision.at)}; ${routes.length} routes, best first`, ...columns(rows), ...note]
}

function refusedNote(rejected: readonly RejectedView[]): string[] {
  return rejected.length === 0 ? [] : ['', `${rejected.length} later ${rejected.length === 1 ? 'table was' : 'tables were'} refused: fairlead routes --invalid`]
}

function tagsNote(refused: readonly RefusedTag[]): string[] {
  const count = refused.filter(({ kind }) => kind === 'refused').length
  return count === 0 ? [] : ['', `${count} ${count === 1 ? 'tag was' : 'tags were'} refused: fairlead routes --invalid`]
}

function invalidText(rejected: readonly RejectedView[], refused: readonly RefusedTag[]): string[] {
  if (rejected.length + refused.length === 0) return ['no table was refused since the one that is served, and no tag']
  return [...rejectedText(rejected), ...refused.flatMap(tagText)]
}

/** Whose tag it is, then what is wrong with it, a line each. */
function tagText({ registry, service, instances, count, tag, reason, kind }: RefusedTag): string[] {
  const more = count > instances.length ? ` and ${count - instances.length} more` : ''
  return [`${service} in ${registry}, ${instances.join(', ')}${more}: ${shortened(tag, TAG_LENGTH)}`, ...reason.split('\n').map((line) => `  ${kind === 'note' ? 'served, but ' : ''}${line}`)]
}

function rejectedText(rejected: readonly RejectedView[]): string[] {
  return rejected.flatMap(({ origin, at, problems }) => [`${origin}, refused ${age(Date.now() - at)} ago`, ...problems.map((problem) => `  ${formatProblem(problem, origin)}`)])
}
