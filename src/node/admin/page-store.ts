// The part of the admin page's script that says when the route store is not as it should be. It stands inside page-script.ts and uses its
// helpers.
import { STORE_TROUBLE } from '../../model/store.ts'

export const STORE_SCRIPT = String.raw`const STORE_TROUBLE = ${JSON.stringify(STORE_TROUBLE)}

function showStore({ store, revision }) {
  const alert = byId('store-alert')
  const parts = store === null ? [] : [...storeTrouble(store, revision), ...lastGoodTrouble(store)]
  alert.hidden = parts.length === 0
  alert.replaceChildren(...parts)
}

function storeTrouble({ store, mode, since, lastSuccess, lastError }, revision) {
  if (mode === 'live') return []
  const read = lastSuccess === undefined ? 'never read since the start' : 'last read ' + ago(lastSuccess)
  const stays = revision === null ? 'There is no table yet.' : 'The table in force stays.'
  const head = [node('b', 'bad', 'The route store ' + store + ' ' + STORE_TROUBLE[mode]), ' (' + mode + ' for ' + age(Math.max(0, now - since)) + ', ' + read + '). ' + stays]
  return [node('div', '', ...head), ...(mode === 'pending' || lastError === undefined ? [] : [node('div', '', lastError.message)])]
}

function lastGoodTrouble({ lastGood }) {
  if (lastGood === undefined || lastGood.fault === undefined) return []
  return [node('div', '', node('b', 'bad', 'The last good table on disk'), ' cannot be used by a start while the store is down: ' + lastGood.fault)]
}

`
