// The part of the admin page's script that shows routes from tags: the registries they come from, and the tags that were refused.
// It stands inside page-script.ts and uses its helpers.

export const TAGS_SCRIPT = String.raw`const TAGS_SHOWN = 100

function showTags({ catalogs, refusedTags }) {
  const refused = refusedTags.filter((tag) => tag.kind === 'refused')
  showRefusedNote(refused.length)
  byId('tags').hidden = catalogs.length === 0 && refusedTags.length === 0
  table('catalogs', CATALOG, catalogs.map(catalogRow), 'No registry gives routes any more.', 'stack')
  byId('refused').hidden = byId('refused-head').hidden = refusedTags.length === 0
  const shown = [...refused, ...refusedTags.filter((tag) => tag.kind === 'note')].slice(0, TAGS_SHOWN)
  byId('refused-note').textContent = shown.length < refusedTags.length ? 'the first ' + shown.length + ' of ' + refusedTags.length + '; fairlead routes --invalid lists them all' : 'each alone: everything else is served'
  table('refused', REFUSED, shown.map(refusedRow), '', 'stack')
}

function showRefusedNote(count) {
  const alert = byId('refused-alert')
  alert.hidden = count === 0
  const link = node('a', '', 'Whose, and why')
  link.href = '#tags'
  alert.replaceChildren(node('b', 'bad', number(count) + (count === 1 ? ' tag was refused' : ' tags were refused')), ', each alone: everything else is served. ', link)
}

const CATALOG = [['Registry'], ['Mode'], ['Services with routes', 'num'], ['Confirmed', 'num'], ['Why']]
function catalogRow({ registry, mode, services, lastSuccess, cause }) {
  return node('tr', '',
    cell('mono', registry),
    cell('tight', modeDot(mode)),
    cell('num', number(services)),
    cell('num', lastSuccess === undefined ? 'never' : age(Math.max(0, now - lastSuccess))),
    cell('wide', cause ?? '–'))
}

const REFUSED = [['Registry'], ['Service, instances'], ['Tag'], ['Reason']]
function refusedRow({ registry, service, instances, count, tag, reason, kind }) {
  const more = count > instances.length ? [node('div', 'quiet', 'and ' + number(count - instances.length) + ' more')] : []
  return node('tr', '',
    cell('mono', registry),
    cell('owner', node('div', '', service), ...lines(instances.slice(0, 3), 'mono quiet'), ...(instances.length > 3 ? [node('div', 'quiet', 'and ' + number(count - 3) + ' more')] : more)),
    cell('tag mono', node('div', 'long', tag)),
    cell('reason', node('div', 'dot ' + (kind === 'note' ? 'warn' : 'bad'), kind === 'note' ? 'served, without a part' : 'refused'), node('div', 'long', reason)))
}
`
