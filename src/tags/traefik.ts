// Traefik's tags: `traefik.http.routers.NAME.rule=…` with the middlewares and service settings that stand beside it
// (https://doc.traefik.io/traefik/, versions 2 and 3).
import { guarded } from './access.ts'
import { BadTag, type Dialect, type DialectContext, type Draft, type Refusal } from './dialect.ts'
import { collect, readBool, type Router, type TraefikTags } from './traefik-labels.ts'
import { priorityOf, routesOf } from './traefik-routes.ts'

/** `traefik.…`. */
export const traefik: Dialect = {
  name: 'traefik',
  speaks: (label) => /^traefik\./i.test(label),
  read(labels, context) {
    const { tags, refused } = collect(labels)
    // Nothing else is said of a service that is switched off, but why where the switch cannot be read.
    if (!tags.enabled) return { drafts: [], refused: refused.filter(({ tag }) => /^traefik\.enable=/i.test(tag)) }
    if (tags.connect) return { drafts: [], refused }
    const drafts: Draft[] = []
    for (const [name, router] of routersOf(tags, context.service)) {
      try {
        drafts.push(draftOf(name, router, tags, labels, context))
      } catch (error) {
        if (!(error instanceof BadTag)) throw error
        refused.push({ tag: `traefik.http.routers.${name}`, reason: error.message })
      }
    }
    return { drafts, refused: refused satisfies Refusal[] }
  },
}

/** A service that is switched on and says no rule is served under its name, as Traefik does by default. */
function routersOf(tags: TraefikTags, service: string): ReadonlyMap<string, Router> {
  if (tags.routers.size > 0 || !tags.asked || tags.otherProtocols) return tags.routers
  return new Map([[normalized(service), new Map([['rule', `Host(\`${normalized(service)}\`)`]])]])
}

function draftOf(name: string, router: Router, tags: TraefikTags, labels: readonly string[], context: DialectContext): Draft {
  const rule = router.get('rule') ?? `Host(\`${normalized(context.service)}\`)`
  const { routes, allow, notes } = routesOf(rule, router, tags, context)
  const { settings, notes: more } = serviceOf(router, tags, context)
  return {
    dialect: 'traefik',
    key: name,
    name,
    labels,
    routes: guarded(routes, allow === undefined ? {} : { allow }),
    service: settings,
    weighted: false,
    shared: false,
    rulePriority: priorityOf(rule, router),
    notes: [...notes, ...more],
  }
}

/** The settings of the router's service. */
function serviceOf(router: Router, tags: TraefikTags, context: DialectContext): { readonly settings: Record<string, unknown>; readonly notes: readonly string[] } {
  const [asked = '', provider] = (router.get('service') ?? '').split('@')
  const only = tags.services.size === 1 ? [...tags.services.keys()][0] : undefined
  const name = asked === '' ? (only ?? normalized(context.service)) : asked
  if (provider !== undefined && !['consulcatalog', 'nomad', 'marathon'].includes(provider)) throw new BadTag(`the service ${asked}@${provider} is not in this registry`)
  if (asked !== '' && !tags.services.has(asked) && asked !== normalized(context.service).toLowerCase()) throw new BadTag(`the service ${asked} is not defined by the tags of ${context.service}`)
  const notes: string[] = []
  let settings: Record<string, unknown> = {}
  for (const [key, value] of tags.services.get(name) ?? []) {
    if (key === 'loadbalancer.server.port') checkPort(value, context.port)
    else if (key === 'loadbalancer.server.scheme') settings = schemeOf(value)
    else if (key === 'loadbalancer.passhostheader' && readBool(key, value)) continue
    else if (/^loadbalancer\.(?:healthcheck|sticky|responseforwarding)\b/.test(key)) notes.push(`${key} is ignored`)
    else throw new BadTag(`the service setting ${key}=${value} cannot be expressed`)
  }
  return { settings, notes: [...new Set(notes)] }
}

function checkPort(written: string, port: number): void {
  if (Number(written) !== port) throw new BadTag(`loadbalancer.server.port=${written} is not the port ${port} that the registry gives for the instance; register that port`)
}

function schemeOf(scheme: string): Record<string, unknown> {
  if (scheme === 'http') return {}
  if (scheme !== 'https') throw new BadTag(`loadbalancer.server.scheme=${scheme} cannot be expressed (http and https can)`)
  return { tls: true }
}

/** As Traefik makes names of services: everything but letters and digits is a hyphen. */
function normalized(name: string): string {
  return name.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== '').join('-')
}
