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

/** Drives a contestant with wrk. */
export async function measureHttp(context: MeasureContext, request: { path: string; tls?: boolean; lua?: string }): Promise<Sample> {
  const { running, seconds, scratch } = context
  const url = request.tls === true ? `https://127.0.0.1:${running.tlsPort}${request.path}` : `http://127.0.0.1:${running.plainPort}${request.path}`
  const load = { url, connections: CONNECTIONS, seconds, scratch, ...(request.lua === undefined ? {} : { lua: request.lua }) }
  const { result, cpu, controlCpu } = await metered(running, async () => runWrk(load))
  return {
    cpu: cpu / result.requests,
    rate: result.requests / result.seconds,
    throughput: result.bytes / result.seconds / (1 << 20),
    p50: result.p50,
    p99: result.p99,
    memory: resident(running) / (1 << 20),
    control: controlCpu / 1000 / result.seconds,
    errors: result.errors,
  }
}
