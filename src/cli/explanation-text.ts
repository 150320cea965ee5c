// An explanation for people: the winner first, then why every other route lost.
import type { EndpointView, ListingView, OriginView, SetView } from '../model/admin.ts'
import type { ExplainedDestination, RequestExplanation, RetryPlan } from '../proxy/explain-request.ts'
import type { ExplainedAction, Loser, Seen, Winner } from '../route/explain.ts'
import { age, columns, duration } from './columns.ts'

/** Losers shown unless all are asked for; those that got furthest come first. */
const LOSERS = 10

/** Lines of text. */
export function explanationText(explanation: RequestExplanation, all: boolean): string[] {
  const { winner, destination, retry } = explanation
  return [
    ...requestText(explanation),
    '',
    ...(winner === null ? ['no route matches: 404, reason no_route'] : winnerText(winner)),
    ...(destination === null ? [] : destinationText(destination)),
    ...(retry === null ? [] : [line('retry', retryText(retry))]),
    ...loserText(explanation, all),
  ]
}

/** Words on the left, all of one width. */
function line(word: string, text: string): string {
  return `${word.padEnd(10)}${text}`
}

function requestText({ request, revision }: RequestExplanation): string[] {
  const { method, scheme, authority, path, query, source, listener } = request
  const from = source.identities.length === 0 ? source.address : `${source.address} (${source.identities.join(', ')})`
  return [line('request', `${method} ${scheme}://${authority}${path}${query}  from ${from}  on ${listener}`), line('table', `${revision.number === 0 ? '' : `revision ${revision.number}, `}${revision.hash} of ${revision.origin}`)]
}

function winnerText({ route, alternative, held, params, action }: Winner): string[] {
  const captured = Object.entries(params).map(([name, value]) => `${name}=${value}`)
  return [
    line('winner', alternative === 0 ? route : `${route}, alternative ${alternative + 1}`),
    ...columns(held.map(({ on, want, saw }) => [on, want, `saw ${saw ?? 'nothing'}`]), ' '.repeat(10)),
    ...(captured.length === 0 ? [] : [line('captured', captured.join('  '))]),
    ...actionText(action),
  ]
}

function actionText(action: ExplainedAction): string[] {
  if (action.kind === 'redirect') return [line('answer', `redirect ${action.status} to ${action.location}`)]
  if (action.kind === 'respond') return [line('answer', `status ${action.status}`)]
  if (action.kind === 'refused') return [line('answer', `refused, reason ${action.reason}: ${action.message}`)]
  const sent = line('sent', `${action.target} at ${action.authority}${action.rewritten ? ' (rewritten)' : ''}`)
  if (action.split.length < 2) return [sent]
  const shares = action.split.map(({ service, weight, from, upTo, chosen }) => [service, `weight ${weight}`, `${share(from)} to ${share(upTo)}`, chosen ? '<- this one' : ''])
  return [sent, line('split', `roll ${share(action.roll)}`), ...columns(shares, ' '.repeat(10))]
}

function share(value: number): string {
  return String(Number(value.toFixed(4)))
}

function destinationText({ service, subset, balance, merge, set, origins, endpoints }: ExplainedDestination): string[] {
  const name = subset === null ? service : `${service}/${subset}`
  const used = endpoints.filter(({ use }) => use === 'used' || use === 'last').length
  const none = endpoints.length === 0 || used > 0 ? '' : ', none usable: 503, reason no_endpoints'
  return [
    line('to', `${name}, ${balance}, ${setText(set)}; ${used} of ${endpoints.length} endpoints used${none}`),
    ...originsText(origins, merge, ' '.repeat(10)),
    ...columns(endpoints.map(endpointRow), ' '.repeat(10)),
  ]
}

/** A line for each of several references; none for a single one, whose set was told already. */
export function originsText(origins: readonly OriginView[], merge: boolean, indent?: string): string[] {
  if (origins.length < 2) return []
  const rows = origins.map(({ ref, set, endpoints, usable, used, why }, i) => [merge ? 'merged' : `${i + 1}.`, ref, set.mode, set.age === null ? '' : `confirmed ${age(set.age)} ago`, `${usable} of ${endpoints} usable`, `${used ? 'in use' : 'not used'}${why === null ? '' : `: ${why}`}`, causeText(set)])
  return columns(rows, indent)
}

function causeText({ cause }: SetView): string {
  return cause === undefined ? '' : `(${cause.message})`
}

/** State of a set in a few words. */
export function setText({ kind, age: since, cause }: SetView): string {
  const when = since === null ? '' : kind === 'stale' ? `, last confirmed ${age(since)} ago` : ` as of ${age(since)} ago`
  return `${kind}${when}${cause === undefined ? '' : ` (${cause.outcome}: ${cause.message})`}`
}

const USE = { last: 'used last', reserve: 'in reserve', none: 'not used' } as const

/** An endpoint as a row of columns: where it is, how it is, where it was learned and how fresh that is. */
export function endpointRow({ address, health, held, use, why, weight, zone, ref, mode, age: since, also, tags, subsets }: EndpointView): string[] {
  const state = held ? `${health}, held` : health
  const words = use === 'used' ? state : `${state}, ${USE[use]}${why === null || why === health ? '' : `: ${why}`}`
  const labels = [...(also.length === 0 ? [] : [`also ${also.map(listingText).join(', ')}`]), ...(tags.length === 0 ? [] : [`tags ${tags.join(',')}`]), ...(subsets.length === 0 ? [] : [`subsets ${subsets.join(',')}`])]
  return [address, words, `weight ${weight}`, zone === null ? '' : `zone ${zone}`, `from ${ref}`, mode, `known for ${age(since)}`, labels.join('  ')]
}

function listingText({ ref, mode, health, draining, held }: ListingView): string {
  return `${ref} (${[mode, draining ? 'draining' : health, ...(held ? ['held'] : [])].join(', ')})`
}

function retryText({ timeout, perTry, connectTries, attempts, on, why }: RetryPlan): string {
  const limits = [timeout === 0 ? 'no time limit' : `${duration(timeout)} over all tries`, ...(perTry === 0 ? [] : [`${duration(perTry)} each`])]
  const tries = attempts === 0 ? `none${why === null ? '' : `: ${why}`}` : `up to ${attempts} more after ${on.join(', ')}`
  return `${tries}; ${connectTries} tries to connect; ${limits.join(', ')}`
}

function loserText({ losers, omitted }: RequestExplanation, all: boolean): string[] {
  if (losers.length === 0) return []
  const shown = all ? losers : losers.slice(0, LOSERS)
  const hidden = losers.length - shown.length + omitted
  return ['', 'the others', ...columns(shown.map(loserRow)), ...(hidden === 0 ? [] : [`  and ${hidden} more${all ? '' : ' (--all)'}`])]
}

function loserRow(loser: Loser): string[] {
  const name = loser.alternative === 0 ? loser.route : `${loser.route}, alternative ${loser.alternative + 1}`
  return [name, 'failed' in loser ? failedText(loser.failed) : `matches too, ranks after ${loser.outranked.by}: ${loser.outranked.because}`]
}

function failedText({ on, want, saw }: Seen): string {
  return `${on} must be ${want}, saw ${saw ?? 'nothing'}`
}
