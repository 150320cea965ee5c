// `fairlead run` without a file: what is found beside the gateway becomes its configuration.
import type { CliIo } from './io.ts'

/** One registry that may run beside the gateway, found as its own tools find it. */
interface Neighbour {
  readonly name: string
  readonly title: string
  /** Environment variable with its address. */
  readonly variable: string
  readonly fallback: string
  /** Path that answers 200 when it is there. */
  readonly probe: string
  /** Options in the configuration besides the address. */
  options(env: CliIo['env']): Record<string, unknown>
}

const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: 'consul',
    title: 'Consul agent',
    variable: 'CONSUL_HTTP_ADDR',
    fallback: '127.0.0.1:8500',
    probe: '/v1/status/leader',
    options: (env) => ({ ...given('token', env['CONSUL_HTTP_TOKEN']), ...(env['CONSUL_HTTP_TOKEN'] ? {} : given('tokenFile', env['CONSUL_HTTP_TOKEN_FILE'])), ...given('namespace', env['CONSUL_NAMESPACE']) }),
  },
  {
    name: 'nomad',
    title: 'Nomad agent',
    variable: 'NOMAD_ADDR',
    fallback: '127.0.0.1:4646',
    probe: '/v1/status/leader',
    options: (env) => ({ ...given('token', env['NOMAD_TOKEN']), ...given('region', env['NOMAD_REGION']), ...(env['NOMAD_NAMESPACE'] ? { namespaces: [env['NOMAD_NAMESPACE']] } : {}) }),
  },
]

/** How long an answer of a neighbour is waited for, milliseconds. */
const PROBE_MS = 2000

/** A configuration made of what was found, with words on it for people. */
export interface Found {
  /** The document; undefined when there is nothing to take routes from. */
  readonly document?: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

/** Looks for registries with tags. An address that the environment names counts whether or not it answers now. */
export async function findNeighbours(env: CliIo['env'], listen: string, answers: (url: string) => Promise<boolean> = answersAt): Promise<Found> {
  const looked = await Promise.all(NEIGHBOURS.map(async (one) => ({ one, address: addressOf(one, env), answers: await answers(`${addressOf(one, env)}${one.probe}`) })))
  const lines = looked.map(({ one, address, answers: is }) => `${is ? 'found' : 'no answer from'} a ${one.title} at ${address}${isNamed(one, env) ?  ` (${one.variable})` : ''}`)
  const used = looked.filter(({ one, answers: is }) => is || isNamed(one, env))
  if (used.length === 0) return { lines: [...lines, 'nothing to take routes from: start one of these, set its variable, or give a file'] }
  const registries = Object.fromEntries(used.map(({ one, address }) => [one.name, { address, ...one.options(env) }]))
  return { document: { listen, registries, routesFrom: used.map(({ one }) => one.name) }, lines: [...lines, 'no file: every service with a tag fairlead.route=, urlprefix- or traefik.http.routers… is served; fairlead routes lists them'] }
}

function isNamed({ variable }: Neighbour, env: CliIo['env']): boolean {
  return env[variable] !== undefined && env[variable] !== ''
}

function addressOf({ variable, fallback }: Neighbour, env: CliIo['env']): string {
  const written = env[variable] || fallback
  if (/^(?:https?:\/\/|unix:)/.test(written)) return written.replace(/\/+$/, '')
  return `${variable === 'CONSUL_HTTP_ADDR' && env['CONSUL_HTTP_SSL'] === 'true' ? 'https' : 'http'}://${written.replace(/\/+$/, '')}`
}

/** Whatever it answers, somebody is there: a token may be needed, or the leader may be gone. */
async function answersAt(url: string): Promise<boolean> {
  // A socket is asked by nobody but the registry's own client.
  if (url.startsWith('unix:')) return false
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PROBE_MS) })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

function given(key: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === '' ? {} : { [key]: value }
}
