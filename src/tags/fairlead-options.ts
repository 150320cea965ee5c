// The options beside a `fairlead.route` tag, as the keys of a route and of a service that they stand for. Values are checked
// by the schema of the configuration; here only shapes are made.
import { BadTag } from './dialect.ts'

/** Values of each option, in the order of the tags. */
export type Given = Map<string, string[]>

/** The highest priority that tags may give: a file that must win whatever tags say has 1000. */
export const MAX_PRIORITY = 999

/** Every option; one with a dot at its end takes a name. */
export const OPTIONS: readonly string[] = [
  'weight', 'strip', 'prepend', 'rewrite', 'host', 'method', 'header.', 'query.', 'cookie.', 'source', 'listener', 'priority', 'timeout',
  'retry', 'retry.on', 'retry.per-try', 'retry.methods', 'upgrade', 'redirect', 'redirect.status', 'request-header.', 'response-header.', 'tls', 'balance',
]

/** Conditions of the match. */
export function conditionsOf(options: Given): Record<string, unknown> {
  return {
    ...listed(options, 'method', 'method'),
    ...fields(options, 'header', 'headers'),
    ...fields(options, 'query', 'query'),
    ...fields(options, 'cookie', 'cookies'),
    ...listed(options, 'source', 'source'),
    ...listed(options, 'listener', 'listener'),
  }
}

/** Everything of the route but its match. */
export function optionsOf(options: Given): Record<string, unknown> {
  const [rewrite, host, priority] = [only(options, 'rewrite'), only(options, 'host'), only(options, 'priority')]
  if (rewrite !== undefined && (options.has('strip') || options.has('prepend'))) throw new BadTag('rewrite stands beside strip or prepend; give one of them')
  if (priority !== undefined && Number(priority) > MAX_PRIORITY) throw new BadTag(`priority ${priority} is above ${MAX_PRIORITY}, which is the highest for tags`)
  readWeight(options)
  return {
    ...(rewrite === undefined && host === undefined ? {} : { rewrite: { ...(rewrite === undefined ? {} : { path: rewrite }), ...(host === undefined ? {} : { host }) } }),
    ...(priority === undefined ? {} : { priority }),
    ...plain(options, 'timeout', 'timeout'),
    ...flag(options, 'upgrade'),
    ...retryOf(options),
    ...redirectOf(options),
    ...headersOf(options, 'request-header', 'requestHeaders'),
    ...headersOf(options, 'response-header', 'responseHeaders'),
  }
}

/** Settings of the service. */
export function serviceOf(options: Given): Record<string, unknown> {
  const tls = only(options, 'tls')
  if (tls !== undefined && !['true', 'false', 'insecure'].includes(tls)) throw new BadTag(`tls is true, insecure (any certificate) or false, not '${tls}'`)
  return { ...plain(options, 'balance', 'balance'), ...(tls === undefined || tls === 'false' ? {} : { tls: tls === 'true' ? true : { verify: false } }) }
}

function readWeight(options: Given): void {
  const weight = only(options, 'weight')
  if (weight === undefined) return
  const share = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(weight)?.[1]
  if (share === undefined || Number(share) > 100) throw new BadTag(`the weight '${weight}' is no share from 0% to 100%: write 5%`)
}

function retryOf(options: Given): Record<string, unknown> {
  const attempts = only(options, 'retry')
  const rest = { ...listed(options, 'retry.on', 'on'), ...plain(options, 'retry.per-try', 'perTry'), ...listed(options, 'retry.methods', 'methods') }
  if (attempts === undefined && Object.keys(rest).length === 0) return {}
  return { retry: { ...(attempts === undefined ? {} : { attempts }), ...rest } }
}

function redirectOf(options: Given): Record<string, unknown> {
  const [location, status] = [only(options, 'redirect'), only(options, 'redirect.status')]
  if (location === undefined && status !== undefined) throw new BadTag('redirect.status stands without redirect')
  return location === undefined ? {} : { redirect: { location, ...(status === undefined ? {} : { status: Number(status) }) } }
}

/** `request-header.x-team=words` sets a header, an empty value removes it. */
function headersOf(options: Given, option: string, key: string): Record<string, unknown> {
  const given = named(options, option)
  if (given.length === 0) return {}
  const set = Object.fromEntries(given.filter(([, values]) => values[0] !== '').map(([name, values]) => [name, values]))
  const remove = given.filter(([, values]) => values[0] === '').map(([name]) => name)
  return { [key]: { ...(Object.keys(set).length === 0 ? {} : { set }), ...(remove.length === 0 ? {} : { remove }) } }
}

function fields(options: Given, option: string, key: string): Record<string, unknown> {
  const given = named(options, option).map(([name, values]) => [name, values.length === 1 && (values[0] === 'true' || values[0] === 'false') ? values[0] === 'true' : values])
  return given.length === 0 ? {} : { [key]: Object.fromEntries(given) as Record<string, unknown> }
}

function named(options: Given, option: string): [string, string[]][] {
  return [...options].flatMap(([key, values]): [string, string[]][] => (key.startsWith(`${option}.`) ? [[key.slice(option.length + 1), values]] : []))
}

function listed(options: Given, option: string, key: string): Record<string, unknown> {
  const values = (options.get(option) ?? []).flatMap((value) => value.split(',')).map((value) => value.trim())
  return values.length === 0 ? {} : { [key]: values }
}

function plain(options: Given, option: string, key: string): Record<string, unknown> {
  const value = only(options, option)
  return value === undefined ? {} : { [key]: value }
}

function flag(options: Given, option: string): Record<string, unknown> {
  const value = only(options, option)
  if (value === undefined) return {}
  if (value !== 'true' && value !== 'false') throw new BadTag(`${option} is true or false, not '${value}'`)
  return { [option]: value === 'true' }
}

function only(options: Given, option: string): string | undefined {
  const values = new Set(options.get(option) ?? [])
  if (values.size > 1) throw new BadTag(`${option} is given ${values.size} times: ${[...values].join(', ')}`)
  return [...values][0]
}
