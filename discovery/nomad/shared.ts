// What all watches of one configured Nomad have in common, those of services and the one of its catalogue: the agent in use, the event
// streams, whose turn it is.
import type { Platform } from '../../src/model/platform.ts'
import type { Capabilities } from '../adapter.ts'
import { commonOf } from '../common.ts'
import { createNomadClient, type NomadClient, type Query } from './client.ts'
import { ClientTurns } from './client-turns.ts'
import { createEventStream, type EventStream } from './events.ts'
import { nomadOptions, type NomadOptions } from './options.ts'

/** What all watches of a registry share. */
export interface Shared {
  readonly options: NomadOptions
  readonly platform: Platform
  readonly client: NomadClient
  /** Of clients that are asked for checks. */
  readonly turns: ClientTurns
  /** The stream of a region and a namespace. */
  streamOf(query: Query): EventStream
  /** Says once that checks cannot be read for lack of rights. */
  checksDenied(message: string): void
}

const registries = commonOf<Shared>()

/** What a configured registry has: one for its discoverer and its catalogue. Throws a ZodError, or an Error when a capability is missing. */
export function sharedOf(name: string, written: unknown, platform: Platform, capabilities: Capabilities): Shared {
  return registries(platform, written, () => {
    const options = nomadOptions.parse(written)
    const client = createNomadClient(name, options, platform, capabilities)
    return { options, platform, client, turns: new ClientTurns(platform), streamOf: streams(name, client, platform), checksDenied: warnOnce(name, platform) }
  })
}

// One for each region and namespace that routes name.
function streams(registry: string, client: NomadClient, platform: Platform): Shared['streamOf'] {
  const known = new Map<string, EventStream>()
  return (query) => {
    const key = JSON.stringify(query)
    const stream = known.get(key) ?? createEventStream(registry, client, platform, query)
    known.set(key, stream)
    return stream
  }
}

function warnOnce(registry: string, platform: Platform): Shared['checksDenied'] {
  let said = false
  return (message) => {
    if (!said) platform.log('warn', `registry ${registry}: the checks of allocations cannot be read, so the health of endpoints stays unknown: ${message}`, { registry })
    said = true
  }
}
