// The load of a drill: a few clients on keep-alive connections that never pause for long, and a record of every answer they got.
import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/model/error.ts'

/** One request as its client saw it. */
export interface Result {
  readonly service: string
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  /** Name of the backend that answered; empty when none did. */
  readonly by: string
  /** Empty for a 200. */
  readonly error: string
  /** It was given up, since there was no answer for too long. */
  readonly stood: boolean
}

export interface Load {
  readonly results: readonly Result[]
  /** Lets the requests under way finish, and sends none until `resume`. */
  pause(): Promise<void>
  /** Goes on, with fresh connections to this port. */
  resume(port: number): void
  stop(): Promise<void>
}

/** Clients of each service, and how long one rests between two requests, milliseconds: about 200 requests a second in all. */
const CLIENTS = 2
const REST = 8
/** A request that takes longer has failed, milliseconds: many times what one takes on a machine that is busy with other things. */
const PATIENCE = 5000

/** What a client sends, where its service is not simply what is asked for. */
type HeadersOf = (service: string) => Readonly<Record<string, string>>

/** Starts the clients; they ask for `NAME.drill`, or as `headersOf` says. `rest` spreads the same load over the services. */
export function startLoad(services: readonly string[], port: number, onResult: (result: Result) => void, headersOf: HeadersOf = (service) => ({ host: `${service}.drill` })): Load {
  const results: Result[] = []
  let agent = new Agent({ keepAlive: true })
  let target = port
  let life = new AbortController()
  let running: Promise<void>[] = []

  const client = async (service: string, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const result = await request(service, target, agent, headersOf(service))
      results.push(result)
      onResult(result)
      await sleep(REST * services.length, undefined, { signal }).catch(() => undefined)
    }
  }
  const run = (): void => {
    life = new AbortController()
    running = services.flatMap((service) => Array.from({ length: CLIENTS }, () => client(service, life.signal)))
  }
  const pause = async (): Promise<void> => {
    life.abort()
    await Promise.all(running)
    agent.destroy()
  }
  run()
  return {
    results,
    pause,
    resume(port) {
      target = port
      agent = new Agent({ keepAlive: true })
      run()
    },
    stop: pause,
  }
}

async function request(service: string, port: number, agent: Agent, headers: Readonly<Record<string, string>>): Promise<Result> {
  const startedAt = performance.now()
  const patience = AbortSignal.timeout(PATIENCE)
  const done = (by: string, error: string, stood = false): Result => ({ service, startedAt, endedAt: performance.now(), by, error, stood })
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: '/', headers, agent, signal: patience }, resolve).on('error', reject)
    })
    const body = await text(response)
    return response.statusCode === 200 ? done(body, '') : done('', `${response.statusCode} ${String(response.headers['fairlead-error'] ?? body)}`)
  } catch (error) {
    return patience.aborted ? done('', `no answer within ${PATIENCE / 1000} s`, true) : done('', messageOf(error))
  }
}
