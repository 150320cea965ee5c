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
  options(env: CliIo['env']): Record<string, string>
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
export async function findNeighbours(env: CliIo['env'], listen: string): Promise<Found> {
  const looked = await Promise.all(NEIGHBOURS.map(async (one) => ({ one, address: addressOf(one, env), answers: await answers(`${addressOf(one, env)}${one.probe}`) })))
  const lines = looked.map(({ one, address, answers: is }) => `${is ? 'found' : 'no answer from'} a ${one.title} at ${address}${env[one.variable] === undefined ? '' : ` (${one.variable})`}`)
  const used = looked.filter(({ one, answers: is }) => is || env[one.variable] !== undefined)
  if (used.length === 0) return { lines: [...lines, 'nothing to take routes from: start one of these, set its variable, or give a file'] }
  const registries = Object.fromEntries(used.map(({ one, address }) => [one.name, { address, ...one.options(env) }]))
  return { document: { listen, registries, routesFrom: used.map(({ one }) => one.name) }, lines: [...lines, 'no file: every service with a tag fairlead.route=, urlprefix- or traefik.http.routers… is served; fairlead routes lists them'] }
}

function addressOf({ variable, fallback }: Neighbour, env: CliIo['env']): string {
  const written = env[variable] || fallback
  if (/^https?:\/\//.test(written)) return written.replace(/\/+$/, '')
  return `${variable === 'CONSUL_HTTP_ADDR' && env['CONSUL_HTTP_SSL'] === 'true' ? 'https' : 'http'}://${written.replace(/\/+$/, '')}`
}

/** Whatever it answers, somebody is there: a token may be needed, or the leader may be gone. */
async function answers(url: string): Promise<boolean> {
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
