// What the engine does with streams over real sockets: bodies both ways, back-pressure, half-close, interim answers, limits.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { type Answer, type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'

let origin: Origin
let gateway: TestGateway

beforeAll(async () => {
  origin = await startOrigin()
  gateway = await startGateway(`
listeners:
  web:  { port: 0 }
  tight: { port: 0, limits: { bodyBytes: 100B, requestsPerConnection: 2 } }
  hasty: { port: 0, limits: { headTimeout: 150ms, bodyTimeout: 150ms } }
  # A request that is sent at once is in time even where the machine is not.
  brief: { port: 0, limits: { headTimeout: 1s, idleTimeout: 1s } }
  narrow: { port: 0, limits: { connections: 1 } }
routes:
  - { name: large, match: /large, respond: { status: 200, body: '${'x'.repeat(10_000)}' } }
  - { name: slow, match: /slow, to: 'http://127.0.0.1:${origin.port}', timeout: 0ms }
  - { name: ruled, match: /ruled/**, to: 'http://127.0.0.1:${origin.port}', requestHeaders: { remove: [X-Secret], set: { x-user: gateway } }, responseHeaders: { remove: [X-Inner], set: { x-cell: one }, add: { x-note: added } } }
  - { name: again, match: /again/**, to: 'http://127.0.0.1:${origin.port}', requestHeaders: { set: { x-user: gateway } }, retry: { attempts: 1, on: [5xx] } }
  - { name: all, match: /**, to: 'http://127.0.0.1:${origin.port}' }
`)
})
beforeEach(() => {
  origin.clear()
  origin.script = () => undefined
  origin.onHead = () => undefined
})
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
})

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const sha = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')
const noise = (size: number): string => {
  let state = 7
  return Buffer.from(Uint8Array.from({ length: size }, () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16)).toString('latin1')
}
const keep = (bytes: string): Answer => ({ bytes, next: 'keep' })

async function client(listener = 'web'): Promise<RawClient> {
  return RawClient.connect(gateway.port(listener))
}

/** Waits until the gateway has the record of a request, which it makes after the answer is out. */
async function recorded(count: number): Promise<void> {
  while (gateway.records.length < count) await new Promise((resolve) => setImmediate(resolve))
}

describe('answers without a body of their own', () => {
  test.each([
    ['HEAD', 'HEAD / HTTP/1.1', response('200 OK', '').replace('Content-Length: 0', 'Content-Length: 123'), 200, '123'],
    ['204', 'GET / HTTP/1.1', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
    ['304 with a length', 'GET / HTTP/1.1', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 55\r\n\r\n', 304, '55'],
  ] as const)('%s keeps the connection in step', async (_name, line, answer, status, length) => {
    origin.script = () => keep(answer)
    const one = await client()
    one.methods.push(line.split(' ')[0] ?? '')
    one.send(`${line}\r\nHost: a.test\r\n\r\n`)
    const { responses } = await one.answers(1)
    expect(responses[0]?.status).toBe(status)
    expect(valuesOf(responses[0]?.fields ?? [], 'content-length')[0]).toBe(length)
    origin.script = () => undefined
    one.send(GET)
    expect((await one.answers(2)).responses[1]?.status).toBe(200)
    expect(one.reading().problems).toEqual([])
    one.destroy()
  })

  test('OPTIONS * is refused: no route could say where it goes', async () => {
    const { responses } = await exchange(gateway.port('web'), 'OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect(responses[0]?.status).toBe(400)
    expect(origin.requests).toEqual([])
  })
})

describe('interim answers', () => {
  const EXPECTING = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n'

  test('100 is relayed, then the body goes', async () => {
    origin.onHead = () => {
      origin.connections.at(-1)?.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      return undefined
    }
    const one = await client()
    one.send(EXPECTING)
    await one.until(() => one.received.includes('100 Continue'), 'the 100')
    expect(valuesOf(origin.heads[0]?.fields ?? [], 'expect')).toEqual(['100-continue'])
    one.send('body')
    expect((await one.answers(1)).responses[0]?.status).toBe(200)
    expect(origin.requests[0]?.body).toBe('body')
    one.destroy()
  })

  test('a final answer instead of 100 ends the connection, since the body may or may not come', async () => {
    origin.onHead = () => keep(response('401 Unauthorized', 'no'))
    const one = await client()
    one.send(EXPECTING)
    const { responses } = await one.ended()
    expect(responses.map(({ status }) => status)).toEqual([401])
    expect(valuesOf(responses[0]?.fields ?? [], 'connection')).toEqual(['close'])
    one.destroy()
  })

  test('the body may come without waiting', async () => {
    const one = await client()
    one.send(`${EXPECTING}body`)
    expect((await one.answers(1)).responses[0]?.status).toBe(200)
    expect(origin.requests[0]?.body).toBe('body')
    one.destroy()
  })

  test('103 is relayed to HTTP/1.1 and kept from HTTP/1.0', async () => {
    origin.script = () => keep(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nfairlead-error: no_route\r\nKeep-Alive: timeout=9\r\n\r\n${response('200 OK', 'x')}`)
    const reading = await exchange(gateway.port('web'), GET)
    expect(reading.interim.map(({ status, fields }) => [status, fields])).toEqual([[103, [['Link', '</a.css>; rel=preload']]]])
    const old = await exchange(gateway.port('web'), 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
    expect(old.interim).toEqual([])
    expect(old.responses[0]?.status).toBe(200)
  })
})

describe('bodies', () => {
  test('trailers pass both ways, chunks are framed anew', async () => {
    origin.script = ({ trailers }) => keep(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nx-sum: ${trailers[0]?.[1]}\r\n\r\n`)
    const one = await client()
    one.send('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-in\r\n\r\n3;ext=1\r\none\r\n003\r\ntwo\r\n0\r\nx-in: 42\r\n\r\n')
    const { responses, problems } = await one.answers(1)
    expect(problems).toEqual([])
    expect(origin.requests[0]).toMatchObject({ body: 'onetwo', framing: 'chunked', trailers: [['x-in', '42']] })
    expect(origin.connections[0]?.received).not.toContain('ext=1')
    expect(responses[0]).toMatchObject({ body: 'abcd', trailers: [['x-sum', '42']] })
    one.destroy()
  })

  test.each([
    ['at once', ''],
    ['later', '3\r\ntwo\r\n'],
  ])('no trailer brings back what the route removes or sets, nor with a body that comes %s', async (_when, later) => {
    const trailers = (names: readonly string[]): string => `0\r\n${names.map((name) => `${name}: forged\r\n`).join('')}\r\n`
    origin.script = () => keep(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${trailers(['x-inner', 'X-Cell', 'X-Note', 'x-user'])}`)
    const one = await client()
    const send = async (path: string): Promise<void> => {
      one.send(`POST ${path} HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n`)
      if (later !== '') while (origin.heads.length === origin.requests.length) await new Promise((resolve) => setImmediate(resolve))
      one.send(`${later}${trailers(['X-Secret', 'x-User', 'x-cell'])}`)
    }
    await send('/ruled/x')
    await one.answers(1)
    await send('/plain')
    const { responses, problems } = await one.answers(2)
    expect(problems).toEqual([])
    const names = ({ trailers: all }: { readonly trailers: readonly (readonly [string, string])[] }): string[] => all.map(([name]) => name)
    expect(origin.requests.map(names)).toEqual([['x-cell'], ['X-Secret', 'x-User', 'x-cell']])
    expect(responses.map(names)).toEqual([['X-Note', 'x-user'], ['x-inner', 'X-Cell', 'X-Note', 'x-user']])
    one.destroy()
  })

  test('nor when its request is sent again', async () => {
    let tries = 0
    origin.script = () => (++tries === 1 ? keep(response('503 Service Unavailable', '')) : undefined)
    const { responses } = await exchange(gateway.port('web'), 'PUT /again/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nx-user: forged\r\nx-sum: 1\r\n\r\n')
    expect(responses[0]?.status).toBe(200)
    expect(origin.requests.map(({ body, trailers }) => [body, trailers])).toEqual([['one', [['x-sum', '1']]], ['one', [['x-sum', '1']]]])
  })

  test.each(['length', 'chunked'] as const)('5 MB up and down by %s arrive whole', async (framing) => {
    const body = noise(5_000_000)
    const framed = framing === 'length' ? `Content-Length: ${body.length}\r\n\r\n${body}` : `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    origin.onHead = () => undefined
    origin.script = (request) => keep(`HTTP/1.1 200 OK\r\nx-sha: ${sha(request.body)}\r\n${framed}`)
    const one = await client()
    one.send(`PUT /slow HTTP/1.1\r\nHost: a.test\r\n${framed}`)
    let size = 0
    // Read once at the end: parsing five megabytes at each piece would be quadratic.
    await one.until(() => (size = one.received.length) >= body.length + 100 && (framing === 'length' || one.received.endsWith('0\r\n\r\n')), 'the whole download')
    const { responses } = one.reading()
    expect(size).toBeGreaterThan(body.length)
    expect(valuesOf(responses[0]?.fields ?? [], 'x-sha')).toEqual([sha(body)])
    expect(sha(responses[0]?.body ?? '')).toBe(sha(body))
    one.destroy()
  })

  test('many small chunks that come together leave together, both ways', async () => {
    const events = Array.from({ length: 7000 }, (_none, i) => i.toString().padStart(6, '0'))
    const framed = `Transfer-Encoding: chunked\r\n\r\n${events.map((event) => `6\r\n${event}\r\n`).join('')}0\r\n\r\n`
    origin.script = () => keep(`HTTP/1.1 200 OK\r\n${framed}`)
    const one = await client()
    one.send(`POST / HTTP/1.1\r\nHost: a.test\r\n${framed}`)
    const { responses, problems } = await one.answers(1)
    expect(problems).toEqual([])
    expect([origin.requests[0]?.body, responses[0]?.body]).toEqual([events.join(''), events.join('')])
    // Every event alone would look like a size, too.
    const chunksOf = (bytes: string): number => bytes.slice(bytes.indexOf('\r\n\r\n')).match(/\r\n[0-9a-f]+\r\n/g)?.length ?? 0
    expect([chunksOf(origin.connections[0]?.received ?? ''), chunksOf(one.received)].map((chunks) => chunks < 50)).toEqual([true, true])
    one.destroy()
  })

  test('a long stream of tiny chunks is no attack', async () => {
    origin.script = () => keep(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`)
    const { responses, problems } = await exchange(gateway.port('web'), GET)
    expect(problems).toEqual([])
    expect(responses[0]?.body).toBe('x'.repeat(20_000))
  })

  test('events of a stream arrive one by one', async () => {
    origin.script = () => keep('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
    const one = await client()
    one.send(GET)
    await one.until(() => one.received.includes('\r\n\r\n'), 'the head')
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      origin.connections.at(-1)?.socket.write(`${event.length.toString(16)}\r\n${event}\r\n`)
      await one.until(() => one.received.includes(event), event)
    }
    origin.connections.at(-1)?.socket.write('0\r\n\r\n')
    expect((await one.answers(1)).responses[0]?.body).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
    one.destroy()
  })

  test('an answer before the end of the body ends the connection', async () => {
    origin.onHead = () => keep(response('413 Content Too Large', 'no'))
    const one = await client()
    one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\npart')
    const { responses } = await one.ended()
    expect(responses[0]?.status).toBe(413)
    expect(valuesOf(responses[0]?.fields ?? [], 'connection')).toEqual(['close'])
    one.destroy()
  })
})

describe('connections of clients', () => {
  test('HTTP/1.0 is closed after an answer, or kept when it asks', async () => {
    const one = await client()
    one.send('GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n')
    expect(valuesOf((await one.answers(1)).responses[0]?.fields ?? [], 'connection')).toEqual(['keep-alive'])
    one.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
    expect((await one.ended()).responses.map(({ status }) => status)).toEqual([200, 200])
    one.destroy()
  })

  test('a chunked answer to HTTP/1.0 is ended by the close', async () => {
    origin.script = () => keep('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const one = await client()
    one.send('GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n')
    await one.until(() => one.received.endsWith('abc'), 'the first piece')
    origin.connections.at(-1)?.socket.write('1\r\nd\r\n0\r\n\r\n')
    const { responses } = await one.ended()
    expect(responses[0]).toMatchObject({ framing: 'close', body: 'abcd' })
    one.destroy()
  })

  test('a client that has ended its direction still gets its answers', async () => {
    const one = await client()
    one.send(GET + GET)
    one.end()
    expect((await one.ended()).responses.map(({ status }) => status)).toEqual([200, 200])
    one.destroy()
  })

  test('pipelined requests of several methods are answered in order', async () => {
    const one = await client()
    const requests = ['GET /1', 'HEAD /2', 'POST /3', 'DELETE /4', 'GET /large', 'GET /6']
    one.methods.push(...requests.map((line) => line.split(' ')[0] ?? ''))
    one.send(requests.map((line) => `${line} HTTP/1.1\r\nHost: a.test\r\n${line.startsWith('POST') ? 'Content-Length: 3\r\n\r\nabc' : '\r\n'}`).join(''))
    const { responses, problems } = await one.answers(6)
    expect(problems).toEqual([])
    expect(origin.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(requests.filter((line) => !line.includes('large')))
    expect(responses[4]?.body).toHaveLength(10_000)
    one.destroy()
  })

  test('each of several pipelined requests has its own bytes and duration in its record', async () => {
    const large = 'x'.repeat(300_000)
    origin.script = ({ target }) => keep(response('200 OK', target === '/stream' ? large : 'short'))
    const before = gateway.records.length
    const one = await client()
    one.send(['/stream', '/large', '/large', '/post', '/post', '/stream'].map((path) => `POST ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${path.length}\r\n\r\n${path}`).join(''))
    await one.answers(6)
    await recorded(before + 6)
    expect(gateway.records.slice(before).map(({ target, bytesIn, bytesOut }) => [target, bytesIn, bytesOut])).toEqual([
      ['/stream', 7, 300_000],
      ['/large', 6, 10_000],
      ['/large', 6, 10_000],
      ['/post', 5, 5],
      ['/post', 5, 5],
      ['/stream', 7, 300_000],
    ])
    one.destroy()
  })

  test('a request with a body is recorded with its bytes, whether its connection goes on or ends', async () => {
    for (const [i, more] of ['', 'Connection: close\r\n'].entries()) {
      const before = gateway.records.length
      const one = await client()
      one.send(`POST /${i} HTTP/1.1\r\nHost: a.test\r\n${more}Content-Length: 5\r\n\r\nhello`)
      await one.answers(1)
      await recorded(before + 1)
      expect(gateway.records.at(-1)).toMatchObject({ target: `/${i}`, bytesIn: 5 })
      one.destroy()
    }
  })

  test('a slow reader gets all of a last answer, also after it has ended its direction', async () => {
    const body = 'y'.repeat(8_000_000)
    origin.script = () => ({ bytes: response('200 OK', body), next: 'end' })
    const one = await client()
    one.socket.pause()
    one.send('GET /slow HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')
    one.end()
    one.socket.resume()
    await one.until(() => one.closed !== undefined, 'the end')
    expect(one.received.length).toBeGreaterThan(body.length)
    one.destroy()
  })
})

describe('back-pressure', () => {
  test('a client that reads nothing cannot make the gateway answer pipelined requests without end', async () => {
    const before = gateway.records.length
    const one = await client()
    one.socket.pause()
    const count = 8000
    one.send('GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n'.repeat(count))
    // Another connection is served meanwhile, and shows that the gateway had its time.
    for (let i = 0; i < 20; i++) await exchange(gateway.port('web'), GET)
    const served = gateway.records.length - before - 20
    expect(served).toBeLessThan(2000)
    one.socket.resume()
    // Counted by length: 80 MB parsed at each piece would take for ever.
    one.socket.removeAllListeners('data')
    let bytes = 0
    const whole = Promise.withResolvers<void>()
    one.socket.on('data', (chunk) => {
      bytes += chunk.length
      if (bytes >= count * 10_000 && gateway.records.length >= before + 20 + count) whole.resolve()
    })
    await whole.promise
    one.destroy()
  })

  test('a client that reads nothing holds the endpoint back', async () => {
    const size = 64_000_000
    origin.script = () => ({ bytes: `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`, next: 'silent' })
    const one = await client()
    one.send('GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n')
    await one.until(() => one.received.includes('\r\n\r\n'), 'the head')
    one.socket.pause()
    const socket = origin.connections.at(-1)?.socket
    const piece = Buffer.alloc(1_000_000)
    for (let i = 0; i < size / piece.length; i++) socket?.write(piece)
    for (let i = 0; i < 20; i++) await exchange(gateway.port('web'), 'GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect(socket?.writableLength).toBeGreaterThan(size / 2)
    one.destroy()
    await recorded(gateway.records.length)
  })

  test('an endpoint that reads nothing holds the client back', async () => {
    const size = 64_000_000
    origin.onHead = () => {
      origin.connections.at(-1)?.socket.pause()
      return undefined
    }
    const one = await client()
    one.send(`POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${size}\r\n\r\n`)
    const piece = Buffer.alloc(1_000_000)
    for (let i = 0; i < size / piece.length; i++) one.socket.write(piece)
    for (let i = 0; i < 20; i++) await exchange(gateway.port('web'), 'GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect(one.socket.writableLength).toBeGreaterThan(size / 2)
    one.destroy()
  })
})

describe('limits', () => {
  test.each([
    ['a length', 'Content-Length: 101\r\n\r\n', undefined],
    ['chunks with the head', `Transfer-Encoding: chunked\r\n\r\n70\r\n${'x'.repeat(112)}\r\n`, undefined],
    ['chunks later', 'Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n', `70\r\n${'x'.repeat(112)}\r\n`],
  ])('a body over the limit by %s: 413', async (_name, head, later) => {
    const before = gateway.records.length
    const one = await client('tight')
    one.send(`POST / HTTP/1.1\r\nHost: a.test\r\n${head}`)
    if (later !== undefined) {
      while (origin.heads.length === 0) await new Promise((resolve) => setImmediate(resolve))
      one.send(later)
    }
    const { responses } = await one.ended()
    expect(responses.map(({ status, fields }) => [status, valuesOf(fields, 'fairlead-error')])).toEqual([[413, ['body_too_large']]])
    // Once a request is under way, its record says what its client was told.
    if (later !== undefined) {
      await recorded(before + 1)
      expect(gateway.records[before]).toMatchObject({ status: 413, reason: 'body_too_large' })
    }
    one.destroy()
  })

  test('a head that does not end: 408', async () => {
    const one = await client('hasty')
    one.send('GET / HTTP/1.1\r\nHost: a')
    expect((await one.ended()).responses[0]?.status).toBe(408)
    one.destroy()
  })

  test('a body that does not end: 408, in the record too', async () => {
    const before = gateway.records.length
    const one = await client('hasty')
    one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc')
    const { responses } = await one.ended()
    expect(responses[0]?.status).toBe(408)
    await recorded(before + 1)
    expect(gateway.records[before]).toMatchObject({ status: 408, reason: 'request_timeout' })
    one.destroy()
  })

  test('an idle connection is closed without a word', async () => {
    const one = await client('brief')
    one.send(GET)
    await one.answers(1)
    expect((await one.ended()).responses).toHaveLength(1)
    one.destroy()
  })

  test('nor does an empty line that comes behind a request make it wait for a head', async () => {
    for (const sent of [`${GET}\r\n`, `${GET}\r`]) {
      const one = await client('brief')
      one.send(sent)
      expect((await one.ended()).responses.map(({ status }) => status)).toEqual([200])
      expect(one.reading().rest).toBe('')
      one.destroy()
    }
  })

  test('requestsPerConnection: the last one is told so', async () => {
    const one = await client('tight')
    one.send(GET + GET + GET)
    const { responses } = await one.ended()
    expect(responses.map(({ fields }) => valuesOf(fields, 'connection')[0])).toEqual([undefined, 'close'])
    one.destroy()
  })

  test('connections: one too many is closed, and its place is free again later', async () => {
    const one = await client('narrow')
    one.send(GET)
    await one.answers(1)
    const two = await client('narrow')
    expect((await two.ended()).responses).toEqual([])
    one.end()
    await one.ended()
    one.destroy()
    const three = await exchange(gateway.port('narrow'), GET)
    expect(three.responses[0]?.status).toBe(200)
    two.destroy()
  })
})
