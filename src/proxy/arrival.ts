// Where a described request arrives when its description does not say so: as the URL says it, as a client would choose.
import type { KnownListener } from '../model/listener-config.ts'
import type { DescribedBy } from './described-head.ts'

/**
 * The listener that is named; else one that listens on the port of the URL, else the first whose TLS fits its scheme, else the
 * first of all. A URL without a scheme has that of the listener.
 */
export function arrivalOf({ url, listener }: { readonly url: string; readonly listener?: string }, listeners: readonly KnownListener[]): Omit<DescribedBy, 'callers'> {
  const found = listener === undefined ? chosen(url, listeners) : listeners.find(({ name }) => name === listener)
  return {
    listener: listener ?? found?.name ?? 'http',
    scheme: found?.tls === true ? 'https' : 'http',
    ...(found?.trustedProxies === undefined ? {} : { trustedProxies: found.trustedProxies }),
  }
}

function chosen(url: string, listeners: readonly KnownListener[]): KnownListener | undefined {
  const [, scheme, port] = /^(?:(https?):\/\/)?[^/?#]*?(?::(\d+))?(?:[/?#]|$)/i.exec(url) ?? []
  const fits = ({ tls }: KnownListener): boolean => scheme === undefined || tls === undefined || tls === (scheme.toLowerCase() === 'https')
  const there = port === undefined ? [] : listeners.filter((one) => one.port === Number(port))
  return there.find(fits) ?? there[0] ?? listeners.find(fits) ?? listeners[0]
}
