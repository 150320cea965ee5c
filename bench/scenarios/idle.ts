// 10,000 connections that each made one request and then wait: how much memory they cost, and how much CPU doing nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { metered, resident } from '../meter.ts'
import { HOST } from '../peer.ts'
import type { MeasureContext, Sample, Scenario } from '../scenario.ts'
import { runWrk } from '../wrk.ts'

const IDLE = 10_000

async function measure({ running, scratch, seconds }: MeasureContext): Promise<Sample> {
  // A little traffic first, so that code and buffers that every process needs are not counted as connections.
  await runWrk({ url: `http://127.0.0.1:${running.plainPort}/words`, connections: 64, seconds: 1, scratch })
  const before = resident(running)
  const holder = spawn(process.execPath, [join(import.meta.dirname, '..', 'load', 'idle.ts'), String(running.plainPort), String(IDLE), HOST], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(holder.stdout)
  const [line] = (await once(lines, 'line')) as [string]
  const open = Number(line)
  const after = resident(running)
  const { cpu } = await metered(running, async () => sleep(seconds * 1000))
  const exit = once(holder, 'exit')
  holder.stdin.end()
  await exit
  return { perConnection: (after - before) / open, before: before / (1 << 20), after: after / (1 << 20), idleCpu: cpu / 1000 / seconds, missing: IDLE - open }
}

export const idle: Scenario = {
  name: 'idle',
  title: '10,000 idle keep-alive connections',
  headline: 'perConnection',
  fresh: true,
  maxRounds: 3,
  columns: [
    { key: 'perConnection', title: 'bytes each', digits: 0 },
    { key: 'before', title: 'RSS before MiB', digits: 1 },
    { key: 'after', title: 'RSS after MiB', digits: 1 },
    { key: 'idleCpu', title: 'CPU ms/s', digits: 2 },
    { key: 'missing', title: 'not open', digits: 0 },
  ],
  measure,
}
