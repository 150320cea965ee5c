// What finding a route and deciding on it costs, in nanoseconds, for tables of 10, 1,000 and 100,000 routes of several shapes.
// Run: node bench/micro/route-match.ts. "same" asks for one route again and again, "spread" for all in a scattered order, so
// that a large table also pays for the memory it lies in.
import type { MatchConfig } from '../../src/model/match-config.ts'
import type { RouteConfig } from '../../src/model/route-config.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import { HeaderList } from '../../src/model/headers.ts'
import type { RequestHead } from '../../src/model/request.ts'
import type { DecideContext, Table } from '../../src/model/route.ts'
import { compileTable } from '../../src/route/compile.ts'
import { decide } from '../../src/route/decide.ts'

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

type Ask = (table: Table, head: RequestHead) => boolean

const find: Ask = (table, head) => table.find(head, CONTEXT) !== undefined
const decideOn: Ask = (table, head) => decide(table, head, CONTEXT).kind === 'forward'

function measure(table: Table, requests: readonly RequestHead[], ask: Ask): number {
  let found = 0
  const start = process.hrtime.bigint()
  for (let n = 0; n < requests.length; n++) {
    const head = requests[n]
    if (head !== undefined && ask(table, head)) found++
  }
  const took = Number(process.hrtime.bigint() - start)
  if (found !== requests.length) throw new Error(`only ${found} of ${requests.length} requests found a route`)
  return took / requests.length
}

/** Median over rounds, each with requests whose texts are new. */
function nanoseconds(table: Table, shape: Shape, size: number, spread: boolean, ask: Ask): number {
  const rounds: number[] = []
  for (let done = 0; done < ROUNDS; done += 20_000) rounds.push(measure(table, heads(shape, size, spread), ask))
  return Math.round(rounds.sort((a, b) => a - b)[rounds.length >> 1] ?? 0)
}

const COLUMNS = ['routes', 'compile ms', 'find same', 'find spread', 'decide same', 'decide spread'] as const
console.log('shape'.padEnd(30) + COLUMNS.map((name) => name.padStart(14)).join(''))
for (const shape of SHAPES) {
  for (const size of [10, 1_000, 100_000]) {
    const config = tableOf(shape, size)
    const start = process.hrtime.bigint()
    const table = compileTable(config)
    const compiled = Number(process.hrtime.bigint() - start) / 1e6
    const costs = [find, decideOn].flatMap((ask) => [false, true].map((spread) => nanoseconds(table, shape, size, spread, ask)))
    console.log(shape.name.padEnd(30) + [size, compiled.toFixed(0), ...costs].map((cell) => String(cell).padStart(14)).join(''))
  }
}
