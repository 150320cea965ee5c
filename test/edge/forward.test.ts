// Real requests through the worker in workerd to an origin on loopback: what leaves, what comes back, and what is refused.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGzip, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { TableConfig } from '../../src/model/table-config.ts'
import { signExplain } from '../../src/proxy/signed-explain.ts'
import { valuesOf } from '../support/http1.ts'
import { type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { startWorker, tableOf, type TestWorker } from '../support/workerd.ts'

const TOKEN = 'token of the test'
const SECRET = 'secret of the test'
let origin: Origin
let worker: TestWorker
const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (offered) => [...offered][0] ?? false })
const zipped = createServer((request, answer) => {
  answer.setHeader('content-encoding', 'gzip')
  if (request.url === '/stream') createGzip().pipe(answer)
  else answer.end(gzipSync('zipped'))
})

const config = (): string => `
services:
  origin: { endpoints: ['127.0.0.1:${origin.port}'] }
  gone: { endpoints: ['127.0.0.1:1'] }
  either: { balance: round-robin, endpoints: ['127.0.0.1:1', '127.0.0.1:${origin.port}'] }
  sockets: { endpoints: ['127.0.0.1:${(sockets.address() as AddressInfo).port}'] }
  zipped: { endpoints: ['127.0.0.1:${(zipped.address() as AddressInfo).port}'] }
  special: { endpoints: ['127.0.0.1:${origin.port}'], proxyProtocol: v1 }
routes:
  - { match: /plain/**, to: origin, timeout: 60s }
  - name: rules
    match: /users/{id}/**
    to: origin
    rewrite: { path: '/v2/{id}/{**}' }
    requestHeaders: { set: { x-user: '{id}', x-name: 'Jürgen č {id} 上' }, remove: x-secret, add: { x-more: two } }
    responseHeaders: { set: { x-served: 'edge {id}', x-name: 'Jürgen č {id} 上' }, remove: x-inner }
  - { match: /gone, to: gone }
  - { match: /either, to: either }
  - { match: /retry, to: origin, retry: { attempts: 2, on: [5xx], methods: [GET, POST] } }
  - { match: /late, to: origin, timeout: 300ms }
  - { match: /ws/**, to: sockets }
  - { match: /nows, to: sockets, upgrade: false }
  - { match: /zipped/**, to: zipped, rewrite: { path: '/{**}' } }
  - { match: /special, to: special }
  - { name: teapot, match: /teapot, respond: { status: 418, body: "short\\n", headers: { x-kind: stout } } }
  - { match: { path: /empty, headers: { x-forwarded-proto: https } }, respond: { status: 418 } }
  - { match: /empty, respond: { status: 204 } }
  - { match: /reset, respond: { status: 205 } }
  - { match: /same, respond: { status: 304 } }
  - { match: /moved/**, redirect: { location: 'https://new.example/{**}', status: 308 } }
`

/** The table as a program may write it, past the check that refuses a body where none can be. */
function withBodies(table: TableConfig): TableConfig {
  return { ...table, routes: table.routes.map((route) => (route.action.kind === 'respond' && route.action.body === '' ? { ...route, action: { ...route.action, body: 'never sent' } } : route)) }
}

beforeAll(async () => {
  origin = await startOrigin()
  if (sockets.address() === null) await once(sockets, 'listening')
  await once(zipped.listen(0, '127.0.0.1'), 'listening')
  sockets.on('connection', (socket, request) => {
    socket.send(`hello ${request.url ?? ''} ${request.headers['x-forwarded-host'] as string}`)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  worker = await startWorker(withBodies(tableOf(config())), { token: TOKEN, explainSecret: SECRET })
})

afterEach(() => {
  origin.clear()
  origin.script = () => undefined
})

afterAll(async () => {
  await worker.stop()
  zipped.close()
  sockets.close()
  await origin.stop()
})

const get = (path: string, ...fields: string[]): ReturnType<typeof exchange> => exchange(worker.port, ['GET', path, 'HTTP/1.1\r\nHost: edge.test\r\n'].join(' ') + fields.map((field) => `${field}\r\n`).join('') + '\r\n')
const only = async (reading: ReturnType<typeof exchange>): Promise<Awaited<ReturnType<typeof exchange>>['responses'][number]> => {
  const { responses } = await reading
  const [answer] = responses
  if (answer === undefined) throw new Error('no response')
  return answer
}

describe('a request', () => {
  test('leaves with its path rewritten and the header rules applied, and its answer comes back with them', async () => {
    origin.script = () => ({ bytes: response('203 Fine', 'hi', ['X-Inner: 1', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'Fairlead-Error: forged', 'Keep-Alive: timeout=5']), next: 'keep' })
    const answer = await only(get('/users/7/cart?q=a%20b&x', 'X-Secret: s', 'X-User: forged', 'X-More: one', 'X-Forwarded-For: 6.6.6.6', 'Connection: x-named', 'X-Named: 1'))
    expect(answer).toMatchObject({ status: 203, body: 'hi' })
    expect(valuesOf(answer.fields, 'x-served')).toEqual(['edge 7'])
    expect(valuesOf(answer.fields, 'set-cookie')).toEqual(['a=1', 'b=2'])
    for (const name of ['x-inner', 'fairlead-error', 'keep-alive']) expect(valuesOf(answer.fields, name)).toEqual([])
    const [seen] = origin.requests
    expect(seen?.target).toBe('/v2/7/cart?q=a%20b&x')
    const sent = (name: string): string[] => valuesOf(seen?.fields ?? [], name)
    expect(sent('x-user')).toEqual(['7'])
    expect(sent('x-more').join(', ')).toBe('one, two')
    expect(sent('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(sent('x-forwarded-host')).toEqual(['edge.test'])
    expect(sent('x-request-id')).toHaveLength(1)
    for (const name of ['x-secret', 'cf-connecting-ip']) expect(sent(name)).toEqual([])
    expect(origin.problems()).toEqual([])
  })

  test('and its answer have values beyond ASCII as UTF-8, those of the rules and those that pass', async () => {
    const [name, passing] = ['Jürgen č 7 上', 'Žofie 上'].map((text) => Buffer.from(text).toString('latin1'))
    origin.script = () => ({ bytes: response('200 OK', 'hi', [`X-Passing: ${passing ?? ''}`]), next: 'keep' })
    const answer = await only(get('/users/7/x', `X-Passing: ${passing ?? ''}`))
    for (const fields of [origin.requests[0]?.fields ?? [], answer.fields]) expect(['x-name', 'x-passing'].map((key) => valuesOf(fields, key))).toEqual([[name], [passing]])
    expect(origin.problems()).toEqual([])
  })

  test('with a body keeps its length, or stays chunked', async () => {
    await exchange(worker.port, 'POST /plain/a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 4\r\n\r\nbody')
    await exchange(worker.port, 'PUT /plain/b HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n')
    await exchange(worker.port, 'GET /plain/c HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 4\r\n\r\nbody')
    expect(origin.requests.map(({ method, body, framing }) => [method, body, framing])).toEqual([['POST', 'body', 'length'], ['PUT', 'body', 'chunked'], ['GET', 'body', 'length']])
  })

  test('HEAD has the length of the body that it does not have', async () => {
    origin.script = () => ({ bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', next: 'keep' })
    const answer = await only(exchange(worker.port, 'HEAD /plain/x HTTP/1.1\r\nHost: edge.test\r\n\r\n'))
    expect(valuesOf(answer.fields, 'content-length')).toEqual(['1234'])
  })

  test('that a route answers itself never leaves', async () => {
    const teapot = await only(get('/teapot'))
    expect(teapot).toMatchObject({ status: 418, body: 'short\n' })
    expect(valuesOf(teapot.fields, 'x-kind')).toEqual(['stout'])
    const moved = await only(get('/moved/here'))
    expect(moved.status).toBe(308)
    expect(valuesOf(moved.fields, 'location')).toEqual(['https://new.example/here'])
    expect(origin.requests).toEqual([])
  })

  test.each([['/empty', 204], ['/reset', 205], ['/same', 304]])('that a route answers with a status that has no body gets none: %s %i', async (path, status) => {
    expect(await only(get(path))).toMatchObject({ status, body: '' })
  })

  test('is not sent after a redirect of the origin', async () => {
    origin.script = () => ({ bytes: response('302 Found', '', ['Location: /elsewhere']), next: 'keep' })
    expect(await only(get('/plain/x'))).toMatchObject({ status: 302 })
    expect(origin.requests).toHaveLength(1)
  })
})

describe('an answer', () => {
  test('streams: its first part is there before the origin has sent the last', async () => {
    const rest = Promise.withResolvers<void>()
    origin.script = (_request, { socket }) => {
      void rest.promise.then(() => socket.write('5\r\ndata2\r\n0\r\n\r\n'))
      return { bytes: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata1\r\n', next: 'keep' }
    }
    const client = await RawClient.connect(worker.port)
    client.methods.push('GET')
    client.send('GET /plain/events HTTP/1.1\r\nHost: edge.test\r\n\r\n')
    await client.until(() => client.received.includes('data1'), 'the first event')
    expect(client.received).not.toContain('data2')
    rest.resolve()
    const { responses } = await client.answers(1)
    client.destroy()
    expect(responses[0]?.body).toBe('data1data2')
  })

  test('that is compressed comes as it was', async () => {
    const answer = await only(get('/zipped/one', 'Accept-Encoding: gzip'))
    expect(valuesOf(answer.fields, 'content-encoding')).toEqual(['gzip'])
    expect(answer.body).toBe(gzipSync('zipped').toString('latin1'))
  })
})

describe('trouble', () => {
  test.each<[string, string, number, string]>([
    ['no route', '/nowhere', 404, 'no_route'],
    ['a path that can be read in two ways', '/plain/a%2fb', 400, 'bad_path'],
    ['an origin that is not there', '/gone', 502, 'upstream_reset'],
    ['a service that a worker cannot send to', '/special', 502, 'connect_failed'],
  ])('%s has its status and reason', async (_name, path, status, reason) => {
    const answer = await only(get(path))
    expect(answer.status).toBe(status)
    expect(valuesOf(answer.fields, 'fairlead-error')).toEqual([reason])
  })

  test('an origin that is late', async () => {
    origin.script = () => ({ bytes: '', next: 'silent' })
    const answer = await only(get('/late'))
    expect([answer.status, valuesOf(answer.fields, 'fairlead-error')]).toEqual([504, ['upstream_timeout']])
  })

  test('another endpoint takes over', async () => {
    const answers = await Promise.all([get('/either'), get('/either'), get('/either')].map(only))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('a retry sends a small body again, and gives the last answer', async () => {
    let tries = 0
    origin.script = () => (tries++ < 2 ? { bytes: response('503 No', 'no'), next: 'keep' } : undefined)
    const answer = await only(exchange(worker.port, 'POST /retry HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 4\r\n\r\nbody'))
    expect(answer.status).toBe(200)
    expect(origin.requests.map(({ body }) => body)).toEqual(['body', 'body', 'body'])
  })

  test('a client that leaves takes its request to the origin with it', async () => {
    const arrived = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    origin.script = (_request, { socket }) => {
      socket.once('close', () => left.resolve())
      arrived.resolve()
      return { bytes: '', next: 'silent' }
    }
    const client = await RawClient.connect(worker.port)
    client.send('GET /plain/slow HTTP/1.1\r\nHost: edge.test\r\n\r\n')
    await arrived.promise
    client.reset()
    await left.promise
  })
})

describe('what the runtime passes on raw', () => {
  const raw = async (line: string, host = 'edge.test', ...fields: string[]): Promise<[number, string | undefined]> => {
    const answer = await only(exchange(worker.port, [`${line} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''].join('\r\n')))
    return [answer.status, valuesOf(answer.fields, 'fairlead-error')[0]]
  }

  test('is refused as on Node', async () => {
    expect(await raw('OPTIONS *')).toEqual([400, 'bad_host'])
    expect(await raw('TRACE /plain/x')).toEqual([501, 'method_not_supported'])
    expect(await raw('GET /plain/x', 'a@b')).toEqual([400, 'bad_host'])
    expect(await raw('GET /plain/x', 'a b')).toEqual([400, 'bad_host'])
    expect(origin.requests).toEqual([])
  })

  test('a route is not chosen by what only a trusted proxy may say', async () => {
    const { responses } = await exchange(worker.port, 'GET /empty HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n')
    expect(responses.map(({ status }) => status)).toEqual([204])
  })

  test('a client cannot choose its address', async () => {
    await raw('GET /plain/x', 'edge.test', 'CF-Connecting-IP: 6.6.6.6', 'X-Real-IP: 6.6.6.6', 'Forwarded: for=6.6.6.6')
    expect(JSON.stringify(origin.requests[0]?.fields)).not.toContain('6.6.6.6')
  })
})

describe('explain', () => {
  const ask = async (body: string, token = TOKEN): Promise<[number, unknown]> => {
    const answer = await fetch(`http://127.0.0.1:${worker.port}/.fairlead/explain`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body })
    return [answer.status, await answer.json()]
  }

  test('is for those who have the token', async () => {
    expect(await ask('{"url":"/teapot"}', 'wrong')).toEqual([401, { error: 'the bearer token is not FAIRLEAD_TOKEN' }])
    expect(await ask('{"url":"/teapot"}')).toMatchObject([200, { winner: { action: { kind: 'respond', status: 418 } }, request: { listener: 'web' } }])
  })

  test('names what is wrong with a question', async () => {
    expect(await ask('{"url":')).toMatchObject([400, { error: expect.stringContaining('not JSON') as string }])
    expect(await ask('{"url":"/a%2fb"}')).toMatchObject([422, { reason: 'bad_path' }])
  })

  test('knows the upgrades that a worker can pass on', async () => {
    const upgradeTo = (protocol: string): Promise<[number, unknown]> => ask(JSON.stringify({ url: '/nows', headers: [['connection', 'upgrade'], ['upgrade', protocol]] }))
    expect(await upgradeTo('websocket')).toMatchObject([200, { winner: { action: { kind: 'refused', reason: 'upgrade_refused' } } }])
    expect(await upgradeTo('other')).toMatchObject([200, { winner: { action: { kind: 'forward' } } }])
    // What the origin says to a request without one.
    expect(await only(get('/nows', 'Connection: upgrade', 'Upgrade: other'))).toMatchObject({ status: 426 })
  })

  test('comes with a live answer to who signs the request', async () => {
    const head = { method: 'GET', authority: 'edge.test', path: '/teapot' }
    const seconds = Math.round(Date.now() / 1000)
    const explained = async (value: string): Promise<string[]> => valuesOf((await only(get('/teapot', `Fairlead-Explain: ${value}`))).fields, 'fairlead-explanation')
    const [text] = await explained(await signExplain(SECRET, seconds, head))
    expect(JSON.parse(text ?? '')).toMatchObject({ winner: { route: 'teapot' }, request: { path: '/teapot', source: { address: '127.0.0.1' } } })
    for (const wrong of [await signExplain('other', seconds, head), await signExplain(SECRET, seconds - 301, head), await signExplain(SECRET, seconds, { ...head, path: '/' }), 'x']) expect(await explained(wrong)).toEqual([])
  })
})

describe('WebSocket', () => {
  const open = (path: string, protocols: string[] = []): WebSocket => new WebSocket(`ws://127.0.0.1:${worker.port}${path}`, protocols)

  test('frames pass both ways, text and binary, and the close code', async () => {
    const socket = open('/ws/echo?x=1', ['chat'])
    const messages: string[] = []
    const greeted = once(socket, 'message')
    await once(socket, 'open')
    expect(socket.protocol).toBe('chat')
    messages.push(String((await greeted)[0]))
    for (const message of ['one', 'x'.repeat(100_000)]) {
      socket.send(message)
      messages.push(String((await once(socket, 'message'))[0]))
    }
    expect(messages).toEqual([`hello /ws/echo?x=1 127.0.0.1:${worker.port}`, 'one', 'x'.repeat(100_000)])
    socket.send(Buffer.from([0, 255]))
    const [binary, isBinary] = await once(socket, 'message')
    expect([binary, isBinary]).toEqual([Buffer.from([0, 255]), true])
    for (const each of sockets.clients) each.close(4001, 'done')
    const [code, reason] = await once(socket, 'close')
    expect([code, String(reason)]).toEqual([4001, 'done'])
  })

  test('is refused where the route forbids it', async () => {
    const socket = open('/nows')
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number; headers: Record<string, string>; resume(): void }]
    expect([answer.statusCode, answer.headers['fairlead-error']]).toEqual([403, 'upgrade_refused'])
    socket.on('error', () => undefined)
    socket.terminate()
  })
})
