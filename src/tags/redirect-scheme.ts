// What redirects of every dialect need: a listener that the redirected request can come to.
import { BadTag, type DialectContext } from './dialect.ts'

/** Throws `BadTag` for a redirect to a scheme that no listener has. */
export function checkScheme(scheme: string, listeners: DialectContext['listeners']): void {
  const wanted = scheme === 'https'
  if (!listeners.some(({ tls }) => tls === wanted)) throw new BadTag(`it redirects to ${scheme}, and no listener of this gateway ${wanted ? 'has TLS' : 'is without TLS'}`)
}
