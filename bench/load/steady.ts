// Requests at a constant rate, over hosts that are drawn by chance; prints latencies as a line of JSON for each line of input
// that says how many seconds to run, and ends with its input. A request's time counts from when it was due, so that a gateway
// that stands still is not excused from the requests that it kept waiting.
// Usage: steady.ts PORT RATE HOST…
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const [port, rate, ...hosts] = [Number(process.argv[2]), Number(process.argv[3]), ...process.argv.slice(4)] as const
const CONNECTIONS = 16

interface Lane {
  readonly socket: Socket
  /** When the requests under way were due. */
  readonly due: number[]
}

let latencies: number[] = []
let errors = 0
const lanes = Array.from({ length: CONNECTIONS }, open)

function open(): Lane {
  const lane: Lane = { socket: connect({ port, host: '127.0.0.1', noDelay: true }), due: [] }
  // The answers are small; pipelined ones may come together.
  lane.socket.on('data', (bytes: Buffer) => {
    for (const status of bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)) {
      if (status[1] !== '200') errors++
      latencies.push(performance.now() - (lane.due.shift() ?? 0))
    }
  })
  lane.socket.on('error', () => errors++)
  return lane
}

async function run(seconds: number): Promise<void> {
  latencies = []
  errors = 0
  const begun = performance.now()
  for (let sent = 0; sent < rate * seconds; ) {
    const now = performance.now()
    for (; begun + (sent * 1000) / rate <= now && sent < rate * seconds; sent++) {
      const lane = lanes[sent % CONNECTIONS] as Lane
      lane.due.push(begun + (sent * 1000) / rate)
      lane.socket.write(`GET / HTTP/1.1\r\nhost: ${hosts[Math.floor(Math.random() * hosts.length)] ?? ''}\r\n\r\n`)
    }
    await sleep(1)
  }
  await sleep(500)
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  console.log(JSON.stringify({ requests: sorted.length, errors, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }))
}

for await (const line of createInterface({ input: process.stdin })) await run(Number(line))
process.exit(0)
