// How the route store of a gateway is, on a terminal: nothing while all is well.
import { STORE_TROUBLE, type StoreStatus } from '../model/store.ts'
import { age } from './columns.ts'

/** One line for what is wrong with the store, and one for what is wrong with the last good table on disk. `now` is wall clock. */
export function storeText({ store, mode, since, lastSuccess, lastError, lastGood }: StoreStatus, now: number): readonly string[] {
  const read = lastSuccess === undefined ? 'never read since the start' : `last read ${age(now - lastSuccess)} ago`
  const cause = mode === 'pending' || lastError === undefined ? '' : `: ${lastError.message}`
  return [
    ...(mode === 'live' ? [] : [`the route store ${store} ${STORE_TROUBLE[mode]} (${mode} for ${age(now - since)}, ${read})${cause}`]),
    ...(lastGood?.fault === undefined ? [] : [`the last good table on disk cannot be used by a start while the store is down: ${lastGood.fault}`]),
  ]
}
