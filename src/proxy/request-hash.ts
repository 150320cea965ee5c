// The hash that keeps a key on one endpoint, for balancers that ask for one.
import { hashString } from '../balance/hash.ts'
import type { BalanceConfig } from '../model/service-config.ts'
import type { RequestHead } from '../model/request.ts'
import { cookieValue } from '../route/cookie.ts'

/** Unsigned 32 bit; 0 when the balancer takes none. A request without the key, or with an empty one, hashes by its source, so that it stays put too. */
export function requestHash(balance: BalanceConfig, head: RequestHead): number {
  if (balance.kind !== 'ring-hash' && balance.kind !== 'maglev') return 0
  const { by } = balance
  const key = by.kind === 'header' ? head.headers.get(by.name) : by.kind === 'cookie' ? cookieValue(head.headers, by.name) : undefined
  return hashString(key === undefined || key === '' ? head.source.address : key)
}
