// Nomad's event stream as a source of hints: one stream for a registry, namespace and region, shared by every watched service.
// Events are lost without a trace (small buffers, restarts, slow readers), so they only say what to look at.
import type { Platform } from '../../src/model/platform.ts'
import { createStreamKeeper } from '../event-stream.ts'
import { recordOf } from '../json.ts'
import { printable } from '../text.ts'
import type { NomadClient, Query } from './client.ts'
import { instanceId } from './entry.ts'

/** Nomad answers at once, with a line, and writes `{}` each 30 s. Milliseconds. */
const PATIENCE = { head: 10_000, first: 10_000, line: 75_000 }
const MAX_LINE = 8 * 2 ** 20
const WORDS = { closed: 'the agent closed it', meanwhile: 'each service is listed every few seconds meanwhile' }

/** What a stream said of one registration. */
export interface ServiceEvent {
  /** Id of the instance; empty when the event names none. */
  readonly id: string
  readonly service: string
  /** Only `ServiceDeregistration` is a statement; rows that the servers clean up carry the type of whatever caused it. */
  readonly type: string
  readonly index: bigint
}

/** Who hears of the events of one service. */
export interface Hearer {
  readonly service: string
  onEvent(event: ServiceEvent): void
  /** The stream begins (again) or is gone: whatever happened meanwhile was not heard. */
  onTurn(): void
}

/** A stream that is open while somebody hears it. */
export interface EventStream {
  /** Hears of events until the signal is aborted. */
  join(hearer: Hearer, signal: AbortSignal): void
  /** False while there is no stream: then nothing is heard. */
  live(): boolean
}

/** Makes a stream that is opened by the first hearer. `query` has the namespace and the region. */
export function createEventStream(registry: string, client: NomadClient, platform: Platform, query: Query): EventStream {
  const hearers = new Set<Hearer>()
  let stop: AbortController | undefined
  let live = false

  const keep = createStreamKeeper(
    {
      registry,
      fields: query,
      patience: PATIENCE,
      maxLine: MAX_LINE,
      words: WORDS,
      open: (signal) => client.stream('/v1/event/stream', { topic: 'Service', ...query }, signal),
      begin: () => heed,
      onTurn(now) {
        live = now
        for (const hearer of hearers) hearer.onTurn()
      },
    },
    platform,
  )
  // What is no JSON is an error that came after the head of the answer, in words.
  function heed(line: string, alive: () => void): string | undefined {
    if (line === '') return undefined
    const read = parse(line)
    if (read === undefined) return printable(line)
    alive()
    for (const event of read) for (const hearer of hearers) if (event.service === '' || event.service === hearer.service) hearer.onEvent(event)
    return undefined
  }
  const leave = (hearer: Hearer): void => {
    hearers.delete(hearer)
    if (hearers.size > 0) return
    stop?.abort()
    live = false
  }
  return {
    live: () => live,
    join(hearer, signal) {
      if (signal.aborted) return
      hearers.add(hearer)
      signal.addEventListener('abort', () => leave(hearer), { once: true })
      if (stop?.signal.aborted === false) return
      stop = new AbortController()
      void keep(stop.signal)
    },
  }
}

// Undefined for what is no JSON object. Whatever its type: a row may be gone by any write that touches its allocation.
function parse(line: string): readonly ServiceEvent[] | undefined {
  try {
    const frame = recordOf(JSON.parse(line))
    if (frame === undefined || frame['Error'] !== undefined) return undefined
    const events = Array.isArray(frame['Events']) ? (frame['Events'] as readonly unknown[]) : []
    return events.flatMap((event) => readEvent(recordOf(event), frame['Index']))
  } catch {
    return undefined
  }
}

function readEvent(event: Record<string, unknown> | undefined, frameIndex: unknown): readonly ServiceEvent[] {
  if (event === undefined || event['Topic'] !== 'Service') return []
  const registration = recordOf(recordOf(event['Payload'])?.['Service'])
  const index = event['Index'] ?? frameIndex
  const service = registration?.['ServiceName']
  return [
    {
      id: typeof event['Namespace'] === 'string' && typeof event['Key'] === 'string' ? instanceId(event['Namespace'], event['Key']) : '',
      // An event without a name may be of any service.
      service: typeof service === 'string' ? service : '',
      type: typeof event['Type'] === 'string' ? event['Type'] : '',
      index: typeof index === 'number' && Number.isSafeInteger(index) && index > 0 ? BigInt(index) : 0n,
    },
  ]
}
