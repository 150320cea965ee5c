// Drives a proxy with wrk and reads its figures; a Lua script makes wrk print them as one line of JSON.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HOST } from './peer.ts'

export interface Load {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly scratch: string
  /** Lua that runs before the requests, to set method, body or paths. */
  readonly lua?: string
}

export interface WrkFigures {
  readonly requests: number
  readonly seconds: number
  readonly bytes: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

const DONE = `
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"seconds":%f,"bytes":%d,"p50":%f,"p99":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`

/** Runs wrk to its end. Rejects when it cannot run or says nothing. */
export async function runWrk(load: Load): Promise<WrkFigures> {
  const script = join(load.scratch, 'wrk.lua')
  writeFileSync(script, `wrk.headers['Host'] = '${HOST}'\n${load.lua ?? ''}\n${DONE}`)
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--timeout', '10s', '-s', script, load.url]
  const { stdout } = await promisify(execFile)('wrk', args)
  const line = stdout.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`wrk gave no figures: ${stdout}`)
  return JSON.parse(line) as WrkFigures
}
