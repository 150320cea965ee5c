// Entry points of Traefik as listeners: where a router serves, and where it redirects to the other scheme. What Traefik would serve
// nowhere public, or only over TLS, is not put on every listener here.
import { BadTag, type DialectContext } from './dialect.ts'
import { checkScheme } from './redirect-scheme.ts'
import { readBool, type Router } from './traefik-labels.ts'

type Listener = DialectContext['listeners'][number]

/** A condition of a match; without it every listener. */
export interface OnListeners {
  readonly listener?: readonly string[]
}

/** Where a router is. At least one of both. */
export interface Placing {
  readonly serves?: OnListeners
  /** Where a `redirectscheme` of its middlewares answers; it lets pass what has the scheme already. */
  readonly redirects?: OnListeners
  readonly notes: readonly string[]
}

/** The names that entry points have in nearly every example, by whether they have TLS. */
const USUAL: ReadonlyMap<string, boolean> = new Map([['web', false], ['http', false], ['websecure', true], ['https', true]])

/**
 * Places a router.
 * @param scheme that a middleware redirects to
 * @throws BadTag when it would be on no listener
 */
export function placeRouter(asked: readonly string[], router: Router, listeners: readonly Listener[], scheme: string | undefined): Placing {
  const { at, narrowed, notes } = askedFor(asked, router, listeners)
  if (scheme !== 'https' && scheme !== 'http') return { serves: onListeners(at, narrowed), notes }
  checkScheme(scheme, listeners)
  const wanted = scheme === 'https'
  const [from, to] = [at.filter(({ tls }) => tls !== wanted), at.filter(({ tls }) => tls === wanted)]
  return {
    // Where no entry point was asked for, another router serves them: this one must not come before it.
    ...(narrowed && to.length > 0 ? { serves: onListeners(to, true) } : {}),
    ...(from.length > 0 ? { redirects: onListeners(from, true) } : {}),
    notes,
  }
}

interface Asked {
  readonly at: readonly Listener[]
  /** They were asked for, rather than all that there are. */
  readonly narrowed: boolean
  readonly notes: readonly string[]
}

function askedFor(asked: readonly string[], router: Router, listeners: readonly Listener[]): Asked {
  const notes: string[] = []
  let at = listeners
  let narrowed = false
  const unnamed = asked.filter((name) => !listeners.some((one) => one.name.toLowerCase() === name))
  if (asked.length > 0) {
    const kinds = new Set(unnamed.flatMap((name) => USUAL.get(name) ?? []))
    const found = listeners.filter(({ name, tls }) => asked.includes(name.toLowerCase()) || kinds.has(tls))
    if (found.length === 0 && kinds.size === 0) throw new BadTag(`no listener is called ${unnamed.join(' or ')}, and Traefik serves a router nowhere else; give a listener that name`)
    narrowed = found.length > 0 && (unnamed.length < asked.length || found.length < listeners.length)
    at = found.length === 0 ? listeners : found
  }
  const secure = at.filter(({ tls }) => tls)
  if (asksForTls(router)) {
    if (secure.length > 0 && secure.length < at.length) [at, narrowed] = [secure, true]
    else if (listeners.some(({ tls }) => tls) && secure.length === 0) throw new BadTag(`tls is asked for, and ${namesOf(at)} has none`)
    else if (secure.length === 0) notes.push('tls is asked for and no listener has it')
  }
  if (unnamed.length > 0) notes.unshift(`no listener is called ${unnamed.join(' or ')}`)
  return { at, narrowed, notes: notes.map((note) => `${note}; the route is on ${narrowed ? namesOf(at) : 'every listener'}`) }
}

function asksForTls(router: Router): boolean {
  return [...router].some(([key, value]) => (key === 'tls' ? readBool(key, value) : key.startsWith('tls.')))
}

function onListeners(at: readonly Listener[], narrowed: boolean): OnListeners {
  return narrowed ? { listener: at.map(({ name }) => name) } : {}
}

function namesOf(at: readonly Listener[]): string {
  return at.map(({ name }) => name).join(' and ')
}
