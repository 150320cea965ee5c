// What the scenarios driven by wrk share: 64 keep-alive connections, and figures per request.
import { metered, resident } from '../meter.ts'
import type { Column, MeasureContext, Sample } from '../scenario.ts'
import { runWrk } from '../wrk.ts'

const CONNECTIONS = 64

export const COLUMNS: readonly Column[] = [
  { key: 'cpu', title: 'CPU µs/req', digits: 1 },
  { key: 'rate', title: 'req/s', digits: 0 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'memory', title: 'RSS MiB', digits: 1 },
  { key: 'control', title: 'control ms/s', digits: 2 },
  { key: 'errors', title: 'errors', digits: 0 },
]

/** What a scenario asks for. */
export interface HttpRequest {
  readonly path: string
  readonly tls?: boolean
  /** Lua that runs before the requests, to set method, body or paths. */
  readonly lua?: string
  /** Requests a second, the same for all, in a run after the one at full speed. */
  readonly pace?: number
}

/** The columns of a scenario with a pace, which each proxy must be able to keep up with. */
export function columnsAt(pace: number): readonly Column[] {
  return [...COLUMNS, { key: 'paced', title: `p99 ms at ${pace}/s`, digits: 2 }]
}

/** Drives a contestant with wrk. */
export async function measureHttp(context: MeasureContext, request: HttpRequest): Promise<Sample> {
  const { running, seconds, scratch } = context
  const url = request.tls === true ? `https://127.0.0.1:${running.tlsPort}${request.path}` : `http://127.0.0.1:${running.plainPort}${request.path}`
  const load = { url, connections: CONNECTIONS, seconds, scratch, ...(request.lua === undefined ? {} : { lua: request.lua }) }
  const { result, cpu, controlCpu } = await metered(running, async () => runWrk(load))
  const paced = request.pace === undefined ? undefined : await runWrk({ ...load, lua: `${request.lua ?? ''}\n${pauses(request.pace)}` })
  return {
    cpu: cpu / result.requests,
    rate: result.requests / result.seconds,
    throughput: result.bytes / result.seconds / (1 << 20),
    p50: result.p50,
    p99: result.p99,
    paced: paced?.p99 ?? Number.NaN,
    memory: resident(running) / (1 << 20),
    control: controlCpu / 1000 / result.seconds,
    errors: result.errors,
  }
}

/** Lua: each connection waits after an answer, by chance, since connections that wait alike would ask all at once. */
function pauses(pace: number): string {
  return `delay = function() return math.random(0, ${Math.round((2000 * CONNECTIONS) / pace)}) end`
}
