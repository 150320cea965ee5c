// The script of the admin page. It asks the JSON endpoints every two seconds and sets texts only (never HTML), since names and
// tags come from registries.
import { visible } from '../../model/visible.ts'
import { DISCOVERY_SCRIPT } from './page-discovery.ts'
import { STORE_SCRIPT } from './page-store.ts'
import { TAGS_SCRIPT } from './page-tags.ts'

export const PAGE_SCRIPT = String.raw`
'use strict'
const LIMIT = 200
const EVERY_MS = 2000
const PATIENCE_MS = 10000
const byId = (id) => document.getElementById(id)
const number = (value) => value >= 1e6 ? (value / 1e6).toFixed(1) + ' M' : Math.round(value).toLocaleString('en')
const rate = (value) => value === undefined ? '–' : value === 0 ? '0' : value < 10 ? value.toFixed(1) : number(value)

const visible = ${visible}

function node(tag, kind, ...children) {
  const element = document.createElement(tag)
  if (kind) element.className = kind
  element.append(...children.map((child) => child instanceof Node ? child : visible(String(child))))
  return element
}
const cell = (kind, ...children) => node('td', kind, ...children)
const lines = (texts, kind) => texts.map((text) => node('div', kind, text))

function age(ms) {
  if (ms === null) return 'never'
  const s = ms / 1000
  if (s < 1) return 'now'
  if (s < 120) return Math.round(s) + ' s'
  if (s < 7200) return Math.round(s / 60) + ' min'
  return s < 172800 ? Math.round(s / 3600) + ' h' : Math.round(s / 86400) + ' d'
}

/** The gateway's clock, which may differ from the reader's. */
let now = 0
function ago(at) {
  const text = age(Math.max(0, now - at))
  return text === 'now' ? text : text + ' ago'
}

/** Change a second since the last poll, by key; undefined on the first. */
const before = new Map()
let elapsed = 0
function perSecond(key, value) {
  const last = before.get(key)
  before.set(key, value)
  return last === undefined || elapsed === 0 || value < last ? undefined : (value - last) / elapsed
}

const heads = (columns) => node('thead', '', node('tr', '', ...columns.map(([text, kind]) => node('th', kind, text))))
/** A table of the kind 'stack' is one block a row where the page is narrow, so each cell carries the name of its column. */
function table(id, columns, rows, none, kind = '') {
  if (rows.length === 0) return byId(id).replaceChildren(node('div', 'empty', none))
  if (kind === 'stack') for (const row of rows) [...row.children].forEach((element, i) => { element.dataset.column = columns[i][0] })
  byId(id).replaceChildren(node('table', kind, heads(columns), node('tbody', '', ...rows)))
}

function countCells(key, counts) {
  const requests = perSecond(key + ' requests', counts.requests)
  const time = perSecond(key + ' time', counts.durationSum)
  const mean = requests > 0 ? (time / requests).toFixed(1) + ' ms' : '–'
  return [
    cell('num', number(counts.requests)),
    cell('num', rate(requests)),
    cell('num' + (counts.errors > 0 ? ' bad' : ''), number(counts.errors)),
    cell('num', mean),
  ]
}
const COUNTS = [['Requests', 'num'], ['a second', 'num'], ['5xx', 'num'], ['mean', 'num']]

function showRoutes({ revision, routes, omitted, rejected }) {
  byId('revision').textContent = revision === null ? 'no table yet' : visible('revision ' + revision.number + ' · ' + revision.hash + ' · ' + revision.origin + ' · ' + ago(revision.at))
  byId('routes-note').textContent = omitted > 0 ? 'in order of precedence, the first ' + routes.length + ' of ' + (routes.length + omitted) : 'in order of precedence'
  const rows = routes.map((route) => node('tr', '',
    cell('num', route.ranks[0]),
    cell('tight', route.name),
    cell('mono', ...lines(route.match.slice(0, 8)), ...(route.match.length > 8 ? [node('div', 'quiet', 'and ' + (route.match.length - 8) + ' more')] : [])),
    cell('mono', ...lines(route.action.split(', '))),
    ...countCells('route ' + route.name, route.counts)))
  table('routes', [['Rank', 'num'], ['Route'], ['Match'], ['To'], ...COUNTS], rows, 'The table has no routes.')
  const alert = byId('rejected')
  alert.hidden = rejected.length === 0
  if (rejected.length === 0) return
  const [last] = rejected
  alert.replaceChildren(
    node('b', 'bad', 'A newer table was refused'), ' ' + last.origin + ', ' + ago(last.at) + '. The one before stays in force.',
    node('ul', '', ...last.problems.slice(0, 10).map((problem) => node('li', '', node('code', '', problem.path + (problem.line > 0 ? ' (line ' + problem.line + ')' : '')), ' ' + problem.message + (problem.hint ? ' (' + problem.hint + ')' : '')))))
}

${STORE_SCRIPT}${TAGS_SCRIPT}${DISCOVERY_SCRIPT}
function showCounts(live) {
  const tile = (id, text) => { byId(id).textContent = text }
  tile('rate', rate(perSecond('all', live.requests)))
  tile('active', number(live.requestsActive))
  tile('tunnels', number(live.tunnelsOpen))
  tile('clients', number(live.downstreamOpen))
  tile('upstreams', number(live.upstreamOpen))
  const sent = live.upstreamReused + live.upstreamOpened
  tile('reused', sent === 0 ? '–' : (100 * live.upstreamReused / sent).toFixed(1) + ' %')
}

function showRevisions({ current, revisions }) {
  const rows = revisions.slice(0, 12).map((entry) => {
    const ok = entry.kind === 'effective'
    const at = ok ? entry.revision.at : entry.at
    const isCurrent = ok && current !== null && entry.revision.number === current.number
    return node('tr', '',
      cell('num', ok ? entry.revision.number : '–'),
      cell('tight', node('span', 'dot ' + (ok ? isCurrent ? 'good' : 'quiet' : 'bad'), ok ? isCurrent ? 'in force' : 'replaced' : 'refused')),
      cell('mono tight', ok ? entry.revision.hash : ''),
      cell('mono', ok ? entry.revision.origin : entry.origin),
      cell('num', ago(at)),
      cell('wide', ...lines((ok ? entry.changes : entry.problems.map((problem) => problem.path + ': ' + problem.message)).slice(0, 4))))
  })
  table('revisions', [['No.', 'num'], ['State'], ['Hash'], ['From'], ['When', 'num'], ['What changed']], rows, 'Nothing happened yet.')
}

function seen(condition) {
  return condition.on + ' wants ' + condition.want + ', saw ' + (condition.saw === null ? 'nothing' : condition.saw)
}
function actionLine(action) {
  if (action.kind === 'forward') return 'forwards to ' + action.service + ' as ' + action.authority + action.target
  if (action.kind === 'redirect') return 'redirects (' + action.status + ') to ' + action.location
  return action.kind === 'respond' ? 'responds ' + action.status : 'is refused: ' + action.message
}
function showExplanation(answer) {
  const parts = []
  const winner = answer.winner
  parts.push(node('p', '', node('b', winner === null ? 'bad' : 'good', winner === null ? 'No route matches: 404 no_route.' : 'Route ' + winner.route), winner === null ? '' : ' ' + actionLine(winner.action) + '.'))
  if (winner !== null && Object.keys(winner.params).length > 0) parts.push(node('p', 'mono', Object.entries(winner.params).map(([key, value]) => '{' + key + '} = ' + value).join('   ')))
  if (answer.retry !== null) parts.push(node('p', 'quiet', (answer.retry.timeout === 0 ? 'No timeout; ' : 'Timeout ' + answer.retry.timeout / 1000 + ' s; ') + (answer.retry.why ?? answer.retry.attempts + ' further tries on ' + answer.retry.on.join(', ')) + '; failed connects go to another endpoint, ' + answer.retry.connectTries + ' tries in all.'))
  if (answer.destination !== null) {
    parts.push(node('h3', '', 'Candidates ', node('small', 'quiet', answer.destination.balance)), node('div', '', node('table', '', heads(ENDPOINT), node('tbody', '', ...answer.destination.endpoints.map((endpoint) => node('tr', '', ...endpointCells(endpoint)))))))
  }
  if (answer.losers.length > 0) {
    parts.push(node('h3', '', 'Why not the others'), node('div', '', node('table', '', node('tbody', '', ...answer.losers.slice(0, 30).map((loser) =>
      node('tr', '', cell('tight', loser.route), cell('', loser.failed ? seen(loser.failed) : 'holds too, but ' + loser.outranked.by + ' ranks before it: ' + loser.outranked.because)))))))
  }
  byId('answer').replaceChildren(...parts)
}

/** Only where a name follows: cookies hold semicolons too. */
const headersOf = (text) => text.split(/;(?=\s*[\w!#$%&'*+.^|~-]+\s*:)/).map((each) => each.trim().replace(/;$/, '')).filter(Boolean).map((each) => [each.slice(0, each.indexOf(':')).trim(), each.slice(each.indexOf(':') + 1).trim()])

byId('explain').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = new FormData(event.target)
  const headers = headersOf(String(form.get('headers')))
  const from = String(form.get('from')).trim()
  const body = { method: String(form.get('method')).trim(), url: String(form.get('url')).trim(), headers, ...(from === '' ? {} : { from }) }
  try {
    const response = await fetch('/api/explain', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    const answer = await response.json()
    if (response.ok) showExplanation(answer)
    else byId('answer').replaceChildren(node('p', 'bad', answer.error))
  } catch {
    byId('answer').replaceChildren(node('p', 'bad', 'The gateway does not answer.'))
  }
})

async function get(path) {
  // One that stands still must not look ready for as long as it does.
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) })
  if (!response.ok && response.status !== 503) throw new Error(path + ' answered ' + response.status)
  return response.json()
}

let polledAt
async function poll() {
  if (document.hidden) return
  try {
    const [health, ready, routes, services, endpoints, watches, revisions, live] = await Promise.all(
      ['/api/health', '/api/ready', '/api/routes?limit=' + LIMIT, '/api/services', '/api/endpoints?limit=' + LIMIT, '/api/watches', '/api/revisions', '/api/counts'].map(get))
    const moment = performance.now()
    elapsed = polledAt === undefined ? 0 : (moment - polledAt) / 1000
    polledAt = moment
    now = health.now
    byId('version').textContent = health.version + ', up ' + age(now - health.startedAt) + ', ' + health.workers.length + (health.workers.length === 1 ? ' worker' : ' workers')
    byId('state').className = 'dot ' + (ready.ready ? 'good' : 'warn')
    byId('state').textContent = ready.ready ? 'ready' : visible('not ready: ' + ready.reasons.join('; '))
    showRoutes(routes)
    showStore(routes)
    showTags(routes)
    showServices(services)
    showEndpoints(endpoints)
    showWatches(watches)
    showCounts(live)
    showRevisions(revisions)
  } catch (error) {
    byId('state').className = 'dot bad'
    byId('state').textContent = 'the gateway does not answer'
  }
}

async function run() {
  for (;;) {
    await poll()
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
}
void run()
`
