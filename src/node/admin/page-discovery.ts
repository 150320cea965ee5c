// The part of the admin page's script that shows services, endpoints and registries. It stands inside page-script.ts and uses its helpers.

export const DISCOVERY_SCRIPT = String.raw`const MODES = { live: 'good', static: 'good', stale: 'warn', guarded: 'warn', disk: 'warn', denied: 'bad', absent: 'bad', pending: 'quiet' }
function modeDot(mode, message) {
  const label = node('span', 'dot ' + MODES[mode], mode)
  if (message) label.title = visible(message)
  return label
}

/** Cells of a service stand beside all its references, one row each. */
function spanned(rows, cells) {
  for (const element of cells) element.rowSpan = rows
  return cells
}

function originCells(service, origin) {
  const quiet = origin.used ? '' : ' quiet'
  return [
    cell('mono tight' + quiet, origin.ref),
    cell('tight', modeDot(origin.ref === 'static' ? 'static' : origin.set.mode, origin.set.cause?.message)),
    cell('num' + quiet, origin.ref === 'static' ? '–' : age(origin.set.age)),
    cell('num' + (origin.used && origin.usable === 0 ? ' bad' : quiet), origin.usable + ' / ' + origin.endpoints),
    cell('wide' + quiet, origin.used ? (service.merge ? 'merged' : 'in use') + (origin.why === null ? '' : ': ' + origin.why) : origin.why, ...(origin.set.cause ? [node('div', 'quiet', origin.set.cause.message)] : [])),
  ]
}

function showServices({ services }) {
  const rows = services.flatMap((service) => {
    const origins = service.origins.map((origin) => originCells(service, origin))
    const name = spanned(origins.length, [cell('tight', service.name), cell('tight', service.balance)])
    const counts = spanned(origins.length, countCells('service ' + service.name, service.counts))
    return origins.map((cells, i) => i === 0 ? node('tr', '', ...name, ...cells, ...counts) : node('tr', 'more', ...cells))
  })
  table('services', [['Service'], ['Balance'], ['From'], ['Mode'], ['Confirmed', 'num'], ['Usable', 'num'], ['Use'], ...COUNTS], rows, 'No route forwards to a service.')
}

function showWatches({ watches }) {
  const shown = watches.slice(0, LIMIT)
  byId('watches-note').textContent = watches.length > LIMIT ? 'the first ' + LIMIT + ' of ' + watches.length : 'what was asked, and what came of it'
  const rows = shown.map((watch) => node('tr', '',
    cell('mono tight', watch.ref),
    cell('tight', modeDot(watch.mode)),
    cell('num', number(watch.endpoints)),
    cell('num', watch.lastSuccess === undefined ? 'never' : age(Math.max(0, now - watch.lastSuccess))),
    cell('num', watch.lastAttempt === undefined ? 'never' : age(Math.max(0, now - watch.lastAttempt))),
    cell('num' + (watch.failures > 0 ? ' bad' : ''), number(watch.failures)),
    cell('num', number(watch.changes)),
    cell('num' + (watch.missedChanges > 0 ? ' warn' : ''), number(watch.missedChanges)),
    cell('wide', ...troubleOf(watch))))
  table('watches', [['Reference'], ['Mode'], ['Endpoints', 'num'], ['Confirmed', 'num'], ['Asked', 'num'], ['Failed in a row', 'num'], ['Changes', 'num'], ['Missed', 'num'], ['Last error, refused entries']], rows, 'No service comes from a registry.')
}

function troubleOf({ failures, lastError, rejected }) {
  const error = lastError === undefined ? [] : [node('div', failures > 0 ? '' : 'quiet', ago(lastError.at) + ', ' + lastError.outcome + ': ' + lastError.message)]
  const refused = rejected.slice(0, 4).map(({ id, reason }) => node('div', '', node('code', '', id), ' ' + reason))
  const more = rejected.length > 4 ? [node('div', 'quiet', 'and ' + (rejected.length - 4) + ' more refused')] : []
  return error.length + refused.length === 0 ? ['–'] : [...error, ...refused, ...more]
}

function useLines({ use, why, health }) {
  if (use === 'used') return ['used']
  return [node('div', '', { last: 'used last', reserve: 'in reserve' }[use] ?? 'not used'), ...(why === null || why === health || why === 'draining' ? [] : [node('div', '', why)])]
}

const HEALTH = { passing: 'good', warning: 'warn', critical: 'bad', maintenance: 'bad', unknown: 'quiet' }
function endpointCells(endpoint) {
  const health = endpoint.draining ? 'draining' : endpoint.health
  return [
    cell('mono tight', endpoint.address),
    cell('tight', node('span', 'dot ' + (endpoint.use === 'last' ? 'warn' : endpoint.usable ? HEALTH[endpoint.health] : 'bad'), endpoint.held ? health + ', held' : health)),
    cell('tight' + (endpoint.use === 'used' || endpoint.use === 'last' ? '' : ' quiet'), ...useLines(endpoint)),
    cell('mono tight', endpoint.ref, ...endpoint.also.map((listing) => node('div', 'quiet', 'also ' + listing.ref))),
    cell('tight', modeDot(endpoint.ref === 'static' ? 'static' : endpoint.mode), ...endpoint.also.map((listing) => node('div', 'quiet', listing.mode + ', ' + (listing.draining ? 'draining' : listing.health)))),
    cell('num', age(endpoint.age)),
    cell('num', endpoint.weight),
    cell('tight', endpoint.zone ?? '–'),
    cell('tight', endpoint.subsets.join(', ') || '–'),
    cell('mono', [...endpoint.tags, ...Object.entries(endpoint.meta).map(([key, value]) => key + '=' + value)].join(' ') || '–'),
  ]
}
const ENDPOINT = [['Address'], ['Health'], ['Use'], ['From'], ['Mode'], ['Known for', 'num'], ['Weight', 'num'], ['Zone'], ['Subsets'], ['Tags and metadata']]

function showEndpoints({ services }) {
  const all = services.flatMap((service) => service.endpoints.map((endpoint, i) => [i === 0 ? service.name : '', endpoint]))
  const omitted = services.reduce((sum, service) => sum + service.omitted, 0)
  byId('endpoints-note').textContent = omitted > 0 ? 'the first ' + all.length + ' of ' + (all.length + omitted) : 'each address once, those in use first'
  const rows = all.map(([name, endpoint]) => node('tr', name === '' ? '' : 'first', cell('tight', name), ...endpointCells(endpoint)))
  table('endpoints', [['Service'], ...ENDPOINT], rows, 'No endpoints are known.')
}`
