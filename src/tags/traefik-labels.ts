// The labels of Traefik sorted: routers, middlewares and services with their settings. Keys are compared in lower case.
import { BadTag, type Refusal } from './dialect.ts'

/** Settings of a router by key. */
export type Router = ReadonlyMap<string, string>

export interface TraefikTags {
  /** Not switched off by traefik.enable=false. */
  readonly enabled: boolean
  /** Switched on by traefik.enable=true. */
  readonly asked: boolean
  /** Wants to be reached through Consul Connect alone. */
  readonly connect: boolean
  /** Routes of TCP or UDP are among them. */
  readonly otherProtocols: boolean
  readonly routers: ReadonlyMap<string, Router>
  /** By name, the settings of each kind: `redirectscheme.scheme`. */
  readonly middlewares: ReadonlyMap<string, Router>
  readonly services: ReadonlyMap<string, Router>
}

const LABEL = /^traefik\.(?<key>[^=]+)=(?<value>.*)$/is
const HTTP = /^http\.(?<part>routers|middlewares|services)\.(?<name>[^.]+)\.(?<setting>.+)$/
/** Of Traefik’s providers; they say nothing about routes. */
const IGNORED = /^(?:enable|docker\.|consulcatalog\.|nomad\.|marathon\.|tags$)/

/** A switch as Go's `strconv.ParseBool` reads it, and so Traefik. Throws `BadTag`. */
export function readBool(key: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false
  throw new BadTag(`${key}=${value} is not true or false`)
}

function orRefused<T>(tag: string, read: () => T, refused: Refusal[]): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BadTag)) throw error
    refused.push({ tag, reason: error.message })
    return undefined
  }
}

/** Sorts labels; those that Traefik 1 knew, and those of other protocols, are refused. */
export function collect(labels: readonly string[]): { readonly tags: TraefikTags; readonly refused: Refusal[] } {
  const refused: Refusal[] = []
  const parts = { routers: new Map<string, Map<string, string>>(), middlewares: new Map<string, Map<string, string>>(), services: new Map<string, Map<string, string>>() }
  let enable: boolean | undefined
  let connect = false
  let otherProtocols = false
  for (const label of labels) {
    const parsed = LABEL.exec(label)?.groups
    const key = (parsed?.['key'] ?? label.slice('traefik.'.length)).toLowerCase().trim()
    const value = (parsed?.['value'] ?? '').trim()
    const http = HTTP.exec(key)?.groups
    if (parsed === undefined) refused.push({ tag: label, reason: 'has no value; write traefik.key=value' })
    else if (http !== undefined) {
      const named = parts[http['part'] as keyof typeof parts]
      const settings = named.get(http['name'] as string) ?? new Map<string, string>()
      named.set(http['name'] as string, settings.set(http['setting'] as string, value))
    } else if (/^(?:tcp|udp)\./.test(key)) {
      if (/\.rule$|^udp\.routers\./.test(key)) refused.push({ tag: label, reason: `routes of ${key.slice(0, 3).toUpperCase()} are not made from tags` })
      otherProtocols = true
    } else if (key === 'enable') enable = orRefused(label, () => readBool('enable', value), refused) ?? false
    else if (key === 'consulcatalog.connect') {
      const wanted = orRefused(label, () => readBool(key, value), refused)
      connect ||= wanted ?? true
      if (wanted === true) refused.push({ tag: label, reason: 'Consul Connect is not spoken here; routes of the service would go to its plain port, past the intentions, and are left out' })
    } else if (/^(?:consulcatalog|nomad)\.canary$/.test(key)) {
      if (orRefused(label, () => readBool(key, value), refused) === true) refused.push({ tag: label, reason: 'is ignored: of instances with the same router, canaries or not, each gets its part of the requests', kind: 'note' })
    } else if (!IGNORED.test(key)) refused.push({ tag: label, reason: /^(?:frontend|backend|protocol|port|weight)\b/.test(key) ? 'is a label of Traefik 1; write traefik.http.routers.NAME.rule=…' : 'is no label that routes HTTP' })
  }
  return { tags: { enabled: enable !== false, asked: enable === true, connect, otherProtocols, ...parts }, refused }
}
