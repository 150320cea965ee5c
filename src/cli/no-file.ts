// `fairlead run` without a file: what is found beside the gateway becomes its configuration.
import type { CliIo } from './io.ts'
import { addressOf, isNamed, NEIGHBOURS, registryOf, unreadOf } from './neighbours.ts'

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
  const unusable = NEIGHBOURS.filter((one) => !one.sockets && addressOf(one, env).startsWith('unix:'))
  if (unusable.length > 0) return { lines: unusable.map((one) => `${one.variable}=${addressOf(one, env)} is a socket; a ${one.title} is asked over HTTP alone: give its port, such as ${one.fallback}`) }
  const looked = await Promise.all(NEIGHBOURS.map(async (one) => ({ one, address: addressOf(one, env), answers: await answers(`${addressOf(one, env)}${one.probe}`) })))
  const lines = looked.map(({ one, address, answers: is }) => `${is ? 'found' : 'no answer from'} a ${one.title} at ${address}${isNamed(one, env) ? ` (${one.variable})` : ''}`)
  const used = looked.filter(({ one, answers: is }) => is || isNamed(one, env))
  if (used.length === 0) return { lines: [...lines, 'nothing to take routes from: start one of these, set its variable, or give a file'] }
  const registries = Object.fromEntries(used.map(({ one }) => [one.name, registryOf(one, env)]))
  return { document: { listen, registries, routesFrom: used.map(({ one }) => one.name) }, lines: [...lines, ...used.flatMap(({ one }) => unreadOf(one, env)), 'no file: every service with a tag fairlead.route=, urlprefix- or traefik.http.routers… is served; fairlead routes lists them'] }
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
