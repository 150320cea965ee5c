// What finding a route costs, in nanoseconds, for tables of 10, 1,000 and 100,000 routes of several shapes.
// Run: node bench/micro/route-match.ts. "same" asks for one route again and again, "spread" for all in a scattered order, so
// that a large table also pays for the memory it lies in.
import type { MatchConfig, RouteConfig, TableConfig } from '../../src/model/config.ts'
import { HeaderList } from '../../src/model/headers.ts'
import type { RequestHead } from '../../src/model/request.ts'
import type { DecideContext, Table } from '../../src/model/route.ts'
import { compileTable } from '../../src/route/compile.ts'

interface Shape {
  readonly name: string
  match(i: number): MatchConfig
  /** Host and path of a request for route `i`. */
  ask(i: number): readonly [host: string, path: string]
}

const literal = (text: string) => ({ kind: 'literal', text }) as const
const param = (name: string) => ({ kind: 'param', name }) as const

const SHAPES: readonly Shape[] = [
  {
    name: 'distinct hosts, /**',
    match: (i) => ({ host: [{ kind: 'exact', host: `svc-${i}.example.com` }], path: [{ kind: 'template', segments: [], rest: true }] }),
    ask: (i) => [`svc-${i}.example.com`, '/one/two'],
  },
  {
    name: 'one host, /prefix-N/**',
    match: (i) => ({ host: [{ kind: 'exact', host: 'www.example.com' }], path: [{ kind: 'template', segments: [literal(`prefix-${i}`)], rest: true }] }),
    ask: (i) => ['www.example.com', `/prefix-${i}/one/two`],
  },
  {
    name: 'one host, exact paths',
    match: (i) => ({ host: [{ kind: 'exact', host: 'www.example.com' }], path: [{ kind: 'template', segments: [literal('exact'), literal(`${i}`)], rest: false }] }),
    ask: (i) => ['www.example.com', `/exact/${i}`],
  },
  {
    name: 'one host, /N/{id}/orders',
    match: (i) => ({ host: [{ kind: 'exact', host: 'www.example.com' }], path: [{ kind: 'template', segments: [literal(`u${i}`), param('id'), literal('orders')], rest: false }] }),
    ask: (i) => ['www.example.com', `/u${i}/4711/orders`],
  },
  {
    name: '*.suffix-N, GET and header',
    match: (i) => ({ host: [{ kind: 'suffix', suffix: `s${i}.example.com` }], method: ['GET'], headers: [{ name: 'x-user', test: { kind: 'any', of: [{ kind: 'exact', value: 'tester' }] } }] }),
    ask: (i) => [`www.s${i}.example.com`, '/one/two'],
  },
]

const CONTEXT: DecideContext = { wallClock: 0, roll: 0.5 }
const HEADERS = HeaderList.from([['host', 'x'], ['user-agent', 'bench'], ['accept', '*/*'], ['x-user', 'tester']])
const ROUNDS = 400_000

function tableOf(shape: Shape, size: number): TableConfig {
  const routes = Array.from({ length: size }, (_, i): RouteConfig => ({
    name: `route-${i}`,
    priority: 0,
    match: [shape.match(i)],
    action: { kind: 'forward', to: [{ service: 'words', weight: 1 }] },
    timeout: 15_000,
    upgrade: true,
    tests: [],
  }))
  return { callers: [], services: [{ name: 'words', from: [], endpoints: [], subsets: {}, balance: { kind: 'random' }, connectTimeout: 1_000, maxConnections: 1 }], routes }
}

/** Texts cut from a buffer, as the engine makes them: their hash is not known yet, unlike that of texts written in a program. */
function fresh(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function heads(shape: Shape, size: number, spread: boolean): RequestHead[] {
  const list: RequestHead[] = []
  for (let n = 0; n < 20_000; n++) {
    const [host, path] = shape.ask(spread ? (n * 7_919) % size : size >> 1)
    const text = fresh(path)
    list.push({ method: 'GET', scheme: 'http', authority: host, host: fresh(host), path: text, matchPath: text, query: '', headers: HEADERS, source: { address: '127.0.0.1', port: 0, identities: [] }, listener: 'web' })
  }
  return list
}

function measure(table: Table, requests: readonly RequestHead[]): number {
  let found = 0
  const start = process.hrtime.bigint()
  for (let n = 0; n < requests.length; n++) {
    const head = requests[n]
    if (head !== undefined && table.find(head, CONTEXT) !== undefined) found++
  }
  const took = Number(process.hrtime.bigint() - start)
  if (found !== requests.length) throw new Error(`only ${found} of ${requests.length} requests found a route`)
  return took / requests.length
}

/** Median over rounds, each with requests whose texts are new. */
function nanoseconds(table: Table, shape: Shape, size: number, spread: boolean): number {
  const rounds: number[] = []
  for (let done = 0; done < ROUNDS; done += 20_000) rounds.push(measure(table, heads(shape, size, spread)))
  return Math.round(rounds.sort((a, b) => a - b)[rounds.length >> 1] ?? 0)
}

console.log(`${'shape'.padEnd(30)} ${'routes'.padStart(8)} ${'compile ms'.padStart(11)} ${'same ns'.padStart(8)} ${'spread ns'.padStart(10)}`)
for (const shape of SHAPES) {
  for (const size of [10, 1_000, 100_000]) {
    const config = tableOf(shape, size)
    const start = process.hrtime.bigint()
    const table = compileTable(config)
    const compiled = Number(process.hrtime.bigint() - start) / 1e6
    const same = nanoseconds(table, shape, size, false)
    const spread = nanoseconds(table, shape, size, true)
    console.log(`${shape.name.padEnd(30)} ${String(size).padStart(8)} ${compiled.toFixed(1).padStart(11)} ${String(same).padStart(8)} ${String(spread).padStart(10)}`)
  }
}
