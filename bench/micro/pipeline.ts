// What one small GET costs in this process without the kernel: bytes in, decision, header rules, bytes out, and the same back.
// Prints the best and the median of many short rounds, in microseconds; `node --cpu-prof bench/micro/pipeline.ts` shows where they go.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { EndpointState } from '../../src/model/balancer.ts'
import type { ServiceConfig } from '../../src/model/service-config.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import { createEndpointBook } from '../../src/proxy/endpoints.ts'
import { Budgets } from '../../src/proxy/budgets.ts'
import type { Gateway } from '../../src/proxy/gateway.ts'
import { Snapshots } from '../../src/proxy/snapshots.ts'
import { compileTable } from '../../src/route/compile.ts'
import { createInstruments } from '../../src/telemetry/instruments.ts'
import { ClientConnection, type ListenerContext } from '../../src/node/client-connection.ts'
import { Downstream } from '../../src/node/http1/downstream.ts'
import { Sweep } from '../../src/node/http1/sweep.ts'
import { Http1Transport } from '../../src/node/http1/transport.ts'
import { Listener } from '../../src/node/listener.ts'
import { nodePlatform } from '../../src/node/platform.ts'

const REQUEST = Buffer.from('GET /x HTTP/1.1\r\nHost: words.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Language: en\r\nCookie: a=1; b=2\r\n\r\n')
const RESPONSE = Buffer.from('HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 11:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 48\r\nConnection: keep-alive\r\n\r\nhello world hello world hello world hello world\n')
const ROUNDS = 200
const EACH = 500

/** A socket that only tells that it was written to. */
class FakeSocket extends EventEmitter {
  destroyed = false
  readableEnded = false
  onWrite: () => void = () => {}
  write(): boolean {
    this.onWrite()
    return true
  }
  cork(): void {}
  uncork(): void {}
  isPaused(): boolean {
    return false
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

const platform = nodePlatform(() => {})
const sweep = new Sweep(platform.now, (defect) => {
  throw defect
})
const upstreamSocket = new FakeSocket()
upstreamSocket.onWrite = () => queueMicrotask(() => upstreamSocket.emit('data', RESPONSE))
const transport = new Http1Transport(sweep, { dial: () => Promise.resolve(upstreamSocket as unknown as Socket), reaches: () => Promise.resolve(true) })
const instruments = createInstruments()
const service: ServiceConfig = { name: 'words', from: [], endpoints: [{ host: '127.0.0.1', port: 9001, weight: 1, tags: [], meta: {} }], subsets: {}, balance: { kind: 'peak-ewma' }, connectTimeout: 1000, maxConnections: 1024 }
const table: TableConfig = {
  callers: [],
  services: [service],
  routes: [
    {
      name: 'words', priority: 0, match: [{ host: [{ kind: 'exact', host: 'words.example.com' }], path: [{ kind: 'template', segments: [], rest: true }] }],
      action: { kind: 'forward', to: [{ service: 'words', weight: 1 }] }, timeout: 15_000, upgrade: true, tests: [],
      responseHeaders: { remove: ['server'], set: [['x-via', 'fairlead']], add: [] },
    },
  ],
}
let finished: () => void = () => {}
const gateway: { -readonly [K in keyof Gateway]: Gateway[K] } = {
  platform, transport, snapshot: undefined as unknown as Gateway['snapshot'], budgets: new Budgets(),
  record: (access) => {
    if (access.status !== 200) throw new Error(`answered ${access.status} ${access.reason}: what is measured is broken`)
    instruments.record(access)
    finished()
  },
}
const snapshots = new Snapshots(createEndpointBook(platform, { onGone: (state: EndpointState) => transport.retire(state) }), (snapshot) => {
  gateway.snapshot = snapshot
})
snapshots.useTable(compileTable(table), { number: 1, hash: 'bench', origin: 'bench', at: 0 })
const counts = { open: 0, active: 0, accepted: 0, tunnels: 0, tunnelsIdleClosed: 0, tlsFailed: 0, proxyHeaderBad: 0 }
const context: ListenerContext = { gateway, sweep, counts, onRefused: () => {} }
const limits = { headTimeout: 10_000, idleTimeout: 60_000, bodyTimeout: 30_000, bodyRate: 240, tunnelTimeout: 3_600_000, lineBytes: 16_384, headBytes: 65_536, headerCount: 100, bodyBytes: 0, requestsPerConnection: 0, connections: 65_536 }
const listener = new Listener({ name: 'web', port: 0, trustedProxies: [], proxyProtocol: false, limits }, context, platform)
const client = new FakeSocket()
const downstream = new Downstream(client as unknown as Socket, new ClientConnection(listener, context, { address: '127.0.0.1', port: 1, identities: [] }))

function once(): Promise<void> {
  return new Promise((resolve) => {
    finished = resolve
    downstream.onBytes(REQUEST, REQUEST.length)
  })
}

const times: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const start = performance.now()
  for (let i = 0; i < EACH; i++) await once()
  times.push(((performance.now() - start) * 1000) / EACH)
}
times.sort((a, b) => a - b)
console.log(`one small GET without the kernel: best ${times[0]?.toFixed(2)} us, median ${times[ROUNDS / 2]?.toFixed(2)} us over ${ROUNDS} rounds of ${EACH}`)
sweep.stop()
