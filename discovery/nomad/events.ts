// Nomad's event stream as a source of hints: one stream for a registry, namespace and region, shared by every watched service.
// Events are lost without a trace (small buffers, restarts, slow readers), so they only say what to look at.
import { lifeWithin } from '../../src/model/life.ts'
import type { Platform } from '../../src/model/platform.ts'
import { printable, saidBy } from '../admit.ts'
import { backoff } from '../backoff.ts'
import { withDeadline } from '../deadline.ts'
import { recordOf } from '../json.ts'
import { readLineBatches } from '../lines.ts'
import type { NomadClient, Query } from './client.ts'
import { instanceId } from './entry.ts'

/** Longest time without a line, milliseconds: Nomad writes `{}` each 30 s. */
const WATCHDOG = 75_000
/** Until the first line, which comes at once, milliseconds. */
const FIRST_LINE = 10_000
/** A stream that lasted so long was a good one: the next failure is the first again, milliseconds. */
const STEADY = 120_000
const MAX_LINE = 8 * 2 ** 20

/** What a stream said of one registration. */
export interface ServiceEvent {
  /** Id of the instance; empty when the event names none. */
  readonly id: string
  readonly service: string
  /** Only `ServiceDeregistration` is a statement; rows that the servers clean up carry the type of whatever caused it. */
  readonly type: string
  readonly index: bigint
}

/** Who listens for events of one service. */
export interface Listener {
  readonly service: string
  onEvent(event: ServiceEvent): void
  /** The stream begins (again) or is gone: whatever happened meanwhile was not heard. */
  onTurn(): void
}

/** A stream that is open while somebody listens. */
export interface EventStream {
  /** Listens until the signal is aborted. */
  join(listener: Listener, signal: AbortSignal): void
  /** False while there is no stream: then nothing is heard. */
  live(): boolean
}

/** Makes a stream that is opened by the first listener. `query` has the namespace and the region. */
export function createEventStream(registry: string, client: NomadClient, platform: Platform, query: Query): EventStream {
  const listeners = new Set<Listener>()
  let stop: AbortController | undefined
  let live = false
  let told = true

  const turn = (now: boolean): void => {
    live = now
    for (const listener of listeners) listener.onTurn()
  }
  const leave = (listener: Listener): void => {
    listeners.delete(listener)
    if (listeners.size === 0) stop?.abort()
  }

  async function run(signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      const began = platform.now()
      const reason = await listen(signal)
      if (live) turn(false)
      if (signal.aborted) return
      report('warn', `ended: ${reason}; each service is listed every few seconds meanwhile`)
      if (platform.now() - began >= STEADY) failures = 1
      await platform.sleep(backoff(failures, platform.random()), signal)
    }
  }

  /** Reads one stream to its end, and says why it ended. */
  async function listen(signal: AbortSignal): Promise<string> {
    const life = lifeWithin(signal)
    try {
      const body = await withDeadline(platform, FIRST_LINE, signal, () => client.stream('/v1/event/stream', { topic: 'Service', ...query }, life.signal), thrown)
      const lines = readLineBatches(body, MAX_LINE)
      for (;;) {
        const arrived = await withDeadline(platform, live ? WATCHDOG : FIRST_LINE, signal, () => lines.next(), () => undefined)
        if (arrived === undefined) return `no sign of life within ${(live ? WATCHDOG : FIRST_LINE) / 1000} s`
        if (arrived.done === true) return 'the agent closed it'
        for (const line of arrived.value) {
          const trouble = heed(line)
          if (trouble !== undefined) return trouble
        }
      }
    } catch (error) {
      return saidBy(error)
    } finally {
      life.end()
    }
  }

  /** Takes a line in; what is no JSON is an error that came after the head of the answer, in words. */
  function heed(line: string): string | undefined {
    if (line === '') return undefined
    const read = parse(line)
    if (read === undefined) return printable(line)
    if (!live) {
      turn(true)
      report('info', 'is there')
    }
    for (const event of read) for (const listener of listeners) if (event.service === '' || event.service === listener.service) listener.onEvent(event)
    return undefined
  }

  // One line when the mood changes: a stream that ends again and again says so once.
  function report(level: 'warn' | 'info', text: string): void {
    const good = level === 'info'
    if (told !== good) platform.log(level, `registry ${registry}: the event stream ${text}`, { registry, ...query })
    told = good
  }

  return {
    live: () => live,
    join(listener, signal) {
      if (signal.aborted) return
      listeners.add(listener)
      signal.addEventListener('abort', () => leave(listener), { once: true })
      if (stop?.signal.aborted === false) return
      stop = new AbortController()
      void run(stop.signal)
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

function thrown(reason: Error): never {
  throw reason
}
