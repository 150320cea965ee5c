// Tries, pooled connections and what routes do, over real sockets: the answer, what the endpoint saw and the access record must agree.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { signExplain } from '../../src/proxy/signed-explain.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { type Answer, type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { freePorts } from '../support/server-process.ts'
import { accept, echoBytes, frame, handshake } from '../support/websocket.ts'

let one: Origin
let two: Origin
let gateway: TestGateway
let config: string
const SECRET = 'a secret of enough length to be one'
const RESET: Answer = { bytes: '', next: 'reset' }
const SILENT: Answer = { bytes: '', next: 'silent' }

beforeAll(async () => {
  one = await startOrigin()
  two = await startOrigin()
  const [closed] = await freePorts(1)
  const [a, b] = [`'127.0.0.1:${one.port}'`, `'127.0.0.1:${two.port}'`]
  const balancers = ['peak-ewma', 'least-request', 'round-robin', 'random', '{ kind: ring-hash, by: source }', '{ kind: maglev, by: { header: x-user } }']
  config = `
listen: 0
explainSecret: ${SECRET}
services:
  one:    { endpoints: [${a}] }
  two:    { endpoints: [${b}] }
  both:   { endpoints: [${a}, ${b}], balance: round-robin }
  half:   { endpoints: ['127.0.0.1:${closed}', ${a}], balance: round-robin }
  closed: { endpoints: ['127.0.0.1:${closed}'] }
  empty:  { endpoints: [{ host: 127.0.0.1, port: 1 }], subsets: { none: { tags: [no] } } }
  storm:  { endpoints: [${a}] }
${balancers.map((balance, i) => `  b${i}: { endpoints: [${a}, ${b}], balance: ${balance} }`).join('\n')}
routes:
  - { match: /one/**, to: one }
  - { match: /one/again, to: one, retry: { attempts: 1, on: [5xx] } }
  - { match: /half, to: half }
  - { match: /closed, to: closed }
  - { match: /empty, to: empty/none }
  - { match: /late, to: one, timeout: 100ms }
  - { match: /upload, to: one, timeout: 400ms }
  - { match: /5xx, to: both, retry: { attempts: 1, on: [5xx] } }
  - { match: /reset, to: both, retry: { attempts: 1, on: [reset] } }
  - { match: /429, to: both, retry: { attempts: 1, on: ['429'] } }
  - { match: /timeout, to: both, retry: { attempts: 1, on: [timeout], perTry: 500ms } }
  - { match: /storm, to: storm, retry: { attempts: 1, on: [5xx] } }
  - { match: /put, to: both, retry: { attempts: 1, on: [5xx, reset] } }
  - { match: /redirect/**, redirect: { status: 308, location: 'https://new.test/{**}' } }
  - { match: /respond, respond: { status: 418, body: short, headers: { x-kind: teapot } } }
  - { match: '/users/{id}/orders', to: one, rewrite: { path: '/v2/{id}', host: inner.test }, requestHeaders: { set: { x-user: '{id}' }, remove: [x-debug] }, responseHeaders: { add: { x-for: '{id}' }, remove: [content-type] } }
  - { match: /split, to: [ { service: one, weight: 90 }, { service: two, weight: 10 } ] }
  - { match: /none-upgrade, to: one, upgrade: false }
${balancers.map((_, i) => `  - { match: /b${i}, to: b${i} }\n  - { match: /again${i}, to: b${i}, retry: { attempts: 1, on: [5xx, 429] } }`).join('\n')}
`
  gateway = await startGateway(config)
})
beforeEach(() => {
  for (const origin of [one, two]) {
    origin.clear()
    origin.script = () => undefined
    origin.onHead = () => undefined
  }
})
afterAll(async () => {
  await gateway?.stop()
  await one?.stop()
  await two?.stop()
})

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`

/** One request with its record. */
async function ask(text: string): ReturnType<typeof seen> {
  const before = gateway.records.length
  return seen(await exchange(gateway.port(), text), before)
}

/** The status that a WebSocket handshake comes to. The client leaves when it is there. */
async function upgrade(at: TestGateway, path: string): Promise<number | undefined> {
  const client = await RawClient.connect(at.port())
  client.send(handshake(path))
  const answer = (): number | undefined => [...client.reading().interim, ...client.reading().responses][0]?.status
  await client.until(() => client.closed !== undefined || answer() !== undefined, 'an answer to the handshake')
  client.destroy()
  return answer()
}

async function seen(reading: Awaited<ReturnType<typeof exchange>>, before: number) {
  await expect.poll(() => gateway.records.length, { interval: 1 }).toBeGreaterThan(before)
  const answer = reading.responses[0]
  return { status: answer?.status, error: valuesOf(answer?.fields ?? [], 'fairlead-error')[0] ?? '', fields: answer?.fields ?? [], body: answer?.body, record: gateway.records[before] }
}

test.each([
  ['/closed', 502, 'connect_failed'],
  ['/empty', 503, 'no_endpoints'],
  ['/late', 504, 'upstream_timeout'],
  ['/nowhere', 404, 'no_route'],
  ['/one/reset', 502, 'upstream_reset'],
  ['/one/nonsense', 502, 'upstream_protocol'],
])('%s: %i %s, in the header and in the record', async (path, status, reason) => {
  one.script = ({ target }) => (target === '/one/nonsense' ? { bytes: 'HTTP/9 what\r\n\r\n', next: 'keep' } : target === '/late' ? SILENT : RESET)
  const { record, ...got } = await ask(get(path))
  expect(got).toMatchObject({ status, error: reason })
  expect(record).toMatchObject({ status, reason })
})

test.each([
  ['before its end', 'Content-Length: 9\r\n\r\nabc', 'upstream_incomplete'],
  ['by a malformed chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n', 'upstream_protocol'],
])('a response that its endpoint cuts %s is no fault of the client in the record', async (_how, rest, reason) => {
  one.script = () => ({ bytes: `HTTP/1.1 200 OK\r\n${rest}`, next: 'end' })
  expect((await ask(get('/one/cut'))).record).toMatchObject({ status: 200, reason })
})

describe('tries', () => {
  test('a refused connection goes to another endpoint', async () => {
    for (let i = 0; i < 6; i++) expect((await ask(get('/half'))).status).toBe(200)
  })

  test('a websocket whose endpoint refuses the connection goes to another', async () => {
    one.script = (request) => accept(request, echoBytes)
    // In one whose balancer knows nothing yet of the endpoints, the refusing one comes first for one of two.
    const fresh = await startGateway(config)
    for (let i = 0; i < 2; i++) expect(await upgrade(fresh, '/half')).toBe(101)
    await expect.poll(() => fresh.records.map(({ status, attempts }) => [status, attempts]).toSorted(), { interval: 1 }).toEqual([[101, 1], [101, 2]])
    await fresh.stop()
  })

  test.each([
    ['a status', { bytes: response('503 Service Unavailable', ''), next: 'keep' }, 503],
    ['a reset', RESET, 502],
  ] satisfies [string, Answer, number][])('a websocket that an endpoint answered with %s is not sent again', async (_what, answer, status) => {
    one.script = two.script = () => answer
    expect([await upgrade(gateway, '/put'), one.requests.length + two.requests.length]).toEqual([status, 1])
  })

  test('an endpoint that refused a connection is passed over', async () => {
    const attempts: unknown[] = []
    for (let i = 0; i < 20; i++) attempts.push((await ask(get('/half'))).record?.attempts)
    // One of the first two meets it in any case.
    expect(attempts.slice(2)).toEqual(Array.from({ length: 18 }, () => 1))
  })

  test.each([
    ['/5xx', { bytes: response('503 Service Unavailable', ''), next: 'keep' }],
    ['/429', { bytes: response('429 Too Many Requests', ''), next: 'keep' }],
    ['/reset', RESET],
    ['/timeout', SILENT],
  ] satisfies [string, Answer][])('%s goes to another endpoint', async (path, answer) => {
    let tries = 0
    one.script = two.script = () => (++tries === 1 ? answer : undefined)
    const { status, record } = await ask(get(path))
    expect([status, record?.attempts, one.requests.length, two.requests.length]).toEqual([200, 2, 1, 1])
  })

  test.each([0, 1, 2, 3, 4, 5])('whichever the balancer, b%i', async (balancer) => {
    for (const status of ['503 Service Unavailable', '429 Too Many Requests']) {
      for (const origin of [one, two]) origin.clear()
      let tries = 0
      one.script = two.script = () => (++tries === 1 ? { bytes: response(status, ''), next: 'keep' } : undefined)
      const got = await ask(get(`/again${balancer}`, 'x-user: someone\r\n'))
      expect([status, got.status, one.requests.length, two.requests.length]).toEqual([status, 200, 1, 1])
    }
  })

  test.each([
    ['small', 1000, 200, 2],
    ['large', 200_000, 503, 1],
  ])('a %s body of %i bytes ends as %i after %i tries', async (_size, length, status, attempts) => {
    let tries = 0
    one.script = two.script = () => (++tries === 1 ? { bytes: response('503 Service Unavailable', ''), next: 'keep' } : undefined)
    const got = await ask(`PUT /put HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\n\r\n${'z'.repeat(length)}`)
    expect([got.status, got.record?.attempts]).toEqual([status, attempts])
    for (const { body } of [...one.requests, ...two.requests]) expect(body).toHaveLength(length)
  })

  test('the budget ends a storm of tries', async () => {
    one.script = () => ({ bytes: response('500 Internal Server Error', ''), next: 'keep' })
    const client = await RawClient.connect(gateway.port())
    client.send(get('/storm').repeat(100))
    await client.answers(100)
    client.destroy()
    expect(one.requests.length).toBeGreaterThan(100)
    expect(one.requests.length).toBeLessThan(170)
  })
})

describe('pooled connections', () => {
  /** Leaves this many idle connections behind. */
  async function warm(count: number): Promise<void> {
    const answers: ((answer: Answer | undefined) => void)[] = []
    one.script = () => new Promise<Answer>((resolve) => answers.push(() => resolve({ bytes: response('200 OK', ''), next: 'keep' })))
    const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(gateway.port())))
    for (const client of clients) client.send(get('/one/warm'))
    await expect.poll(() => answers.length, { interval: 1 }).toBe(count)
    for (const answer of answers) answer(undefined)
    for (const client of clients) {
      await client.answers(1)
      client.destroy()
    }
    one.clear()
  }

  test('a GET that meets many dead connections is sent again on a fresh one, a POST is not', async () => {
    await warm(6)
    const old = new Set(one.connections)
    one.script = (_request, connection) => (old.has(connection) ? RESET : undefined)
    expect((await ask(get('/one/x'))).status).toBe(200)
    await warm(3)
    for (const connection of one.connections) old.add(connection)
    one.script = (_request, connection) => (old.has(connection) ? RESET : undefined)
    const post = await ask('POST /one/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n')
    expect([post.status, post.error]).toEqual([502, 'upstream_reset'])
  })

  test.each<[string, string, Answer, (client: RawClient) => void]>([
    ['whose client leaves', '/one/held', SILENT, (client) => client.reset()],
    ['that comes to its timeout', '/late', SILENT, () => {}],
    ['that is answered with nonsense', '/one/nonsense', { bytes: 'what\r\n\r\n', next: 'keep' }, () => {}],
  ])('a request %s costs its own connection and none of those that are idle', async (_which, path, answer, then) => {
    await warm(6)
    const idle = (): number | undefined => gateway.plane?.live().upstreamIdle
    await expect.poll(idle, { interval: 1 }).toBeGreaterThanOrEqual(6)
    const before = idle() ?? 0
    const records = gateway.records.length
    one.script = () => answer
    const client = await RawClient.connect(gateway.port())
    client.send(get(path))
    await expect.poll(() => one.requests.length, { interval: 1 }).toBe(1)
    then(client)
    await expect.poll(() => gateway.records.length, { interval: 1 }).toBe(records + 1)
    expect(idle()).toBe(before - 1)
    client.destroy()
  })

  test('a request whose client leaves before a second try is not sent again', async () => {
    await warm(3)
    const before = gateway.records.length
    const client = await RawClient.connect(gateway.port())
    one.onHead = () => {
      // In this order, so that the client leaves in the wait before the second try.
      one.connections.find(({ received }) => received !== '')?.socket.write(response('503 Service Unavailable', ''))
      client.destroy()
      return { bytes: '', next: 'keep' }
    }
    client.send('PUT /one/again HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\npart')
    await expect.poll(() => gateway.records[before]?.reason, { interval: 1 }).toBe('client_closed')
    expect(one.heads).toHaveLength(1)
    expect(gateway.plane?.live().requestsActive).toBe(0)
  })

  test('a request whose client leaves while a signature is looked at is not sent at all, or ends with it', async () => {
    await warm(3)
    const before = gateway.records.length
    const forged = await signExplain(`${SECRET}x`, Math.floor(Date.now() / 1000), { method: 'PUT', authority: 'a.test', path: '/one/x' })
    for (let i = 0; i < 10; i++) {
      const client = await RawClient.connect(gateway.port())
      await client.sendParts([`PUT /one/x HTTP/1.1\r\nHost: a.test\r\nfairlead-explain: ${forged}\r\nContent-Length: 100\r\n\r\npart`])
      client.destroy()
    }
    await expect.poll(() => gateway.records.length - before, { interval: 1 }).toBe(10)
    expect(gateway.records.slice(before).map(({ reason }) => reason)).toEqual(Array.from({ length: 10 }, () => 'client_closed'))
    expect(gateway.plane?.live().requestsActive).toBe(0)
  })

  test('a websocket that meets dead connections is sent again on a fresh one', async () => {
    await warm(3)
    const old = new Set(one.connections)
    one.script = (request, connection) => (old.has(connection) ? RESET : accept(request, echoBytes))
    expect(await upgrade(gateway, '/one/ws')).toBe(101)
  })

  test.each([
    ['Connection: close', 2],
    ['Keep-Alive: timeout=1', 2],
    ['Keep-Alive: timeout=60', 1],
  ])('an endpoint that says %s gets %i connections for two requests', async (field, count) => {
    one.script = () => ({ bytes: response('200 OK', '', ['Connection: close']), next: 'end' })
    await ask(get('/one/flush'))
    await expect.poll(() => one.connections.every(({ closed }) => closed) || one.connections.length, { interval: 1 }).toBeTruthy()
    gateway.plane?.useTable(tableWithout('zzz'), revision(90))
    const used = new Set<unknown>()
    one.script = (_request, connection) => {
      used.add(connection)
      return { bytes: response('200 OK', '', [field]), next: 'keep' }
    }
    await ask(get('/one/1'))
    await ask(get('/one/2'))
    // The first may have gone over a connection from before.
    expect(used.size).toBe(count)
  })

  test('idle connections of an endpoint that is removed close at once; a websocket outlives that and twenty tables', async () => {
    one.script = (request) => accept(request, echoBytes)
    const socket = await RawClient.connect(gateway.port())
    socket.send(handshake('/one/ws'))
    await socket.until(() => socket.received.includes('101'), 'the upgrade')
    await warm(2)
    const open = (): number => one.connections.filter(({ closed }) => !closed).length
    expect(open()).toBeGreaterThanOrEqual(3)
    for (let i = 0; i < 20; i++) {
      gateway.plane?.useTable(tableWithout(i % 2 === 0 ? `127.0.0.1:${one.port}` : 'zzz'), revision(100 + i))
      if (i === 0) await expect.poll(open, { interval: 1 }).toBe(1)
      const seenBefore = socket.received.length
      socket.send(frame(1, `message ${i}`, { masked: true }))
      await socket.until(() => socket.received.length > seenBefore, 'the echo')
    }
    expect(socket.closed).toBeUndefined()
    socket.destroy()
    gateway.plane?.useTable(tableWithout('zzz'), revision(200))
  })
})

test('a try that goes to an endpoint which has left meanwhile leaves no connection behind', async () => {
  const table = (port: number): string => `
listen: 0
services: { words: { endpoints: ['127.0.0.1:${port}'] } }
routes: [{ match: /**, to: words, retry: { attempts: 1, on: [5xx] } }]
`
  const own = await startGateway(table(one.port))
  const { config: parsed } = parseConfig(table(two.port), { file: 'test.yaml', env: {}, adapters: [] })
  if (parsed === undefined) throw new Error('the changed table does not parse')
  one.script = () => {
    one.script = () => undefined
    // While the request waits for its second try, which only knows the endpoint that it began with.
    setImmediate(() => own.plane?.useTable(parsed.table, revision(2)))
    return { bytes: response('503 Service Unavailable', ''), next: 'keep' }
  }
  const { responses } = await exchange(own.port(), get('/'))
  expect(responses[0]?.status).toBe(200)
  await expect.poll(() => own.records.length, { interval: 1 }).toBe(1)
  expect(own.records[0]).toMatchObject({ attempts: 2, endpoint: `127.0.0.1:${one.port}` })
  await expect.poll(() => own.plane?.live().upstreamOpen, { interval: 1 }).toBe(0)
  await own.stop()
})

const revision = (number: number) => ({ number, hash: 'test', origin: 'test', at: 0 })

/** The table, with an endpoint's address replaced by another's. */
function tableWithout(address: string) {
  const { config: parsed } = parseConfig(config.replaceAll(address, `127.0.0.1:${two.port}`).replaceAll(/endpoints: \[('[^']+'), \1\]/g, 'endpoints: [$1]'), { file: 'test.yaml', env: {}, adapters: [] })
  if (parsed === undefined) throw new Error('the changed table does not parse')
  return parsed.table
}

describe('routes', () => {
  test('redirect, respond, rewrite and header rules', async () => {
    const redirect = await ask(get('/redirect/a/b'))
    expect([redirect.status, valuesOf(redirect.fields, 'location')[0]]).toEqual([308, 'https://new.test/a/b'])
    const respond = await ask(get('/respond'))
    expect([respond.status, respond.body, valuesOf(respond.fields, 'x-kind')[0]]).toEqual([418, 'short', 'teapot'])
    const rewritten = await ask(get('/users/7/orders?x=1', 'x-debug: 1\r\nx-user: forged\r\n'))
    expect([valuesOf(rewritten.fields, 'x-for'), valuesOf(rewritten.fields, 'content-type')]).toEqual([['7'], []])
    const { target, fields } = one.requests[0] ?? { target: '', fields: [] }
    expect([target, valuesOf(fields, 'host'), valuesOf(fields, 'x-user'), valuesOf(fields, 'x-debug')]).toEqual(['/v2/7?x=1', ['inner.test'], ['7'], []])
  })

  test('a split is about as asked, and every balancer serves', async () => {
    const client = await RawClient.connect(gateway.port())
    client.send(get('/split').repeat(300))
    await client.answers(300)
    // 90 of 100: out of reach by chance once in 10^9 runs.
    expect(two.requests.length).toBeGreaterThan(3)
    expect(two.requests.length).toBeLessThan(70)
    client.destroy()
    for (let i = 0; i < 6; i++) expect((await ask(get(`/b${i}`))).status).toBe(200)
  })

  test('an upgrade on a route without them: 403, and nothing is dialled', async () => {
    const before = gateway.plane?.live()
    const { status, error } = await ask(handshake('/none-upgrade'))
    expect([status, error]).toEqual([403, 'upgrade_refused'])
    expect(one.heads).toEqual([])
    expect(gateway.plane?.live().upstreamOpened).toBe(before?.upstreamOpened)
  })
})

test.each([
  ['right', 0, SECRET, true],
  ['old', -4000, SECRET, false],
  ['of another secret', 0, `${SECRET}x`, false],
])('a signature that is %s', async (_what, age, secret, valid) => {
  const head = { method: 'GET', authority: 'a.test', path: '/one/y' }
  const { fields } = await ask(get('/one/y', `fairlead-explain: ${await signExplain(secret, Math.floor(Date.now() / 1000) + age, head)}\r\n`))
  const [text] = valuesOf(fields, 'fairlead-explanation')
  if (valid) expect(JSON.stringify(JSON.parse(text ?? 'null'))).toContain('route-1')
  else expect(text).toBeUndefined()
  expect(valuesOf(one.requests[0]?.fields ?? [], 'fairlead-explain')).toEqual([])
})

test.each([
  ['', 'without a word', false],
  ['Expect: 100-continue\r\n', 'that was asked for', true],
  ['Expect: 100-continue\r\n', 'that was not waited for', false],
])('an upload that takes longer than the timeout of its route is not a slow endpoint: %s, %s', async (expect100, _how, waits) => {
  one.onHead = () => {
    if (waits) one.connections.find(({ received }) => received !== '')?.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    return undefined
  }
  const client = await RawClient.connect(gateway.port())
  client.send(`POST /upload HTTP/1.1\r\nHost: a.test\r\n${expect100}Content-Length: 4\r\n\r\n`)
  if (waits) await client.until(() => client.received.includes('100 Continue'), 'the 100')
  const started = performance.now()
  // Said it may come, and it does not yet.
  if (waits) await expect.poll(() => performance.now() - started, { interval: 20 }).toBeGreaterThan(800)
  client.send('ab')
  // The route has 400 ms; the second half comes after three times that.
  await expect.poll(() => performance.now() - started, { interval: 20 }).toBeGreaterThan(1200)
  client.send('cd')
  expect((await client.answers(1)).responses.map(({ status }) => status)).toEqual([200])
  client.destroy()
})
