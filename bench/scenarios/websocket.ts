// WebSocket messages of 64 bytes, there and back, on 64 connections.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { metered, resident } from '../meter.ts'
import { HOST } from '../peer.ts'
import type { MeasureContext, Sample, Scenario } from '../scenario.ts'

interface Figures {
  readonly messages: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

async function measure({ running, seconds }: MeasureContext): Promise<Sample> {
  const generator = join(import.meta.dirname, '..', 'load', 'websocket.ts')
  const { result, cpu } = await metered(running, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [generator, String(running.plainPort), '64', String(seconds), HOST])
    return JSON.parse(stdout) as Figures
  })
  return { cpu: cpu / result.messages, rate: result.messages / result.seconds, p50: result.p50, p99: result.p99, memory: resident(running) / (1 << 20), errors: result.errors }
}

export const websocket: Scenario = {
  name: 'websocket',
  title: 'WebSocket messages of 64 bytes, echoed, 64 connections',
  headline: 'cpu',
  columns: [
    { key: 'cpu', title: 'CPU µs/echo', digits: 1 },
    { key: 'rate', title: 'echoes/s', digits: 0 },
    { key: 'p50', title: 'p50 ms', digits: 2 },
    { key: 'p99', title: 'p99 ms', digits: 2 },
    { key: 'memory', title: 'RSS MiB', digits: 1 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  measure,
}
