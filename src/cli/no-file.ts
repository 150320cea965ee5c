// `fairlead run` without a file: what is found beside the gateway becomes its configuration.
import type { CliIo } from './io.ts'
import { addressOf, isNamed, NEIGHBOURS, registryOf, unreadOf } from './neighbours.ts'

/** How long an answer of a neighbour is waited for, milliseconds. */
const PROBE_MS = 2000

/** A configuration made of what was found, with words on it for people. */
export interface Found {
  /** The document; undefined when the environment says what cannot be. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Registries in it that nobody named and that do not answer; see `Config.lookedFor`. */
  readonly lookedFor: readonly string[]
  readonly lines: readonly string[]
}

/**
 * Looks for registries with tags. Each of them is in the document, there or not: a machine that starts brings up its services in any order, and who
 * comes later is to be served without a restart.
 */
export async function findNeighbours(env: CliIo['env'], listen: string, answers: (url: string) => Promise<boolean> = answersAt): Promise<Found> {
  const unusable = NEIGHBOURS.filter((one) => !one.sockets && addressOf(one, env).startsWith('unix:'))
  if (unusable.length > 0) return { lookedFor: [], lines: unusable.map((one) => `${one.variable}=${addressOf(one, env)} is a socket; a ${one.title} is asked over HTTP alone: give its port, such as ${one.fallback}`) }
  const looked = await Promise.all(NEIGHBOURS.map(async (one) => ({ one, address: addressOf(one, env), named: isNamed(one, env), answers: await answers(`${addressOf(one, env)}${one.probe}`) })))
  const missing = looked.filter(({ named, answers: is }) => !is && !named)
  const lines = [
    ...looked.map(({ one, address, named, answers: is }) => `${is ? 'found' : 'no answer from'} a ${one.title} at ${address}${named ? ` (${one.variable})` : ''}${is ? '' : '; it is asked again until there is one'}`),
    ...NEIGHBOURS.flatMap((one) => unreadOf(one, env)),
    missing.length === NEIGHBOURS.length ? 'nothing to take routes from yet: start one of these, or end this and set its variable, or give a file' : 'no file: every service with a tag fairlead.route=, urlprefix- or traefik.http.routers… is served; fairlead routes lists them',
  ]
  const registries = Object.fromEntries(NEIGHBOURS.map((one) => [one.name, registryOf(one, env)]))
  return { document: { listen, registries, routesFrom: NEIGHBOURS.map(({ name }) => name) }, lookedFor: missing.map(({ one }) => one.name), lines }
}

/** What says that nobody listens there; a certificate that is not trusted here says that somebody does. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'])

/** Whatever it answers, somebody is there: a token may be needed, or the leader may be gone. */
async function answersAt(url: string): Promise<boolean> {
  // A socket is asked by nobody but the registry's own client.
  if (url.startsWith('unix:')) return false
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PROBE_MS) })
    await response.body?.cancel()
    return true
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: unknown } }
    return cause?.code !== undefined && !NOBODY.has(cause.code)
  }
}
