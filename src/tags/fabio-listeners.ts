// Where a tag of Fabio's answers: port 80 is what came without TLS, 443 what came with it, and a redirect to another scheme of the same place
// is only for the scheme that it comes from, or it would redirect to itself.
import { BadTag, type DialectContext, type RouteBody } from './dialect.ts'
import { checkScheme } from './redirect-scheme.ts'

/** What a tag says of the place it answers for. */
export interface FabioPlace {
  readonly host: string | undefined
  readonly port: string | undefined
  readonly path: string
  /** URL of its `redirect`. */
  readonly redirect: string | undefined
}

/** The condition on listeners; empty for all. Throws `BadTag` when none is left, or a redirect would lead nowhere. */
export function listenersOf(place: FabioPlace, listeners: DialectContext['listeners']): RouteBody {
  const scheme = sameElsewhere(place)
  if (scheme !== undefined) checkScheme(scheme, listeners)
  const wanted = [...(place.port === '80' ? [false] : place.port === '443' ? [true] : []), ...(scheme === undefined ? [] : [scheme !== 'https'])]
  if (wanted.length === 0) return {}
  const at = listeners.filter(({ tls }) => wanted.every((each) => each === tls))
  if (at.length > 0) return { listener: at.map(({ name }) => name) }
  if (new Set(wanted).size > 1) throw new BadTag('it redirects to itself')
  throw new BadTag(`it is for port ${place.port}, and no listener of this gateway ${place.port === '443' ? 'has TLS' : 'is without TLS'}`)
}

/** The scheme of a redirect that leads to where the same tag answers. */
function sameElsewhere({ host, path, redirect }: FabioPlace): string | undefined {
  const to = /^(?<scheme>https?):\/\/(?<host>[^/:?#]+?)(?<rest>\/?\$path.*|[/:?#].*)?$/i.exec(redirect ?? '')?.groups
  if (to === undefined || (to['host'] !== '$host' && to['host']?.toLowerCase() !== host)) return undefined
  const [before = '', ...after] = (to['rest'] ?? '').replace(/^:\d+/, '').replace(/[?#].*$/, '').split(/\/?\$path/)
  const prefix = path.replace(/\/+$/, '')
  const leadsBack = before === '' ? after.length > 0 || prefix === '' : before === prefix || before.startsWith(`${prefix}/`)
  return leadsBack ? to['scheme']?.toLowerCase() : undefined
}
