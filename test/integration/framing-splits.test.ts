// Legal requests and responses cut in two at every byte, and sent a byte at a time: what arrives must not depend on how it was cut.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRawGateway } from '../support/corpus.ts'
import type { TestGateway } from '../support/gateway.ts'
import type { Origin, SeenRequest } from '../support/origin.ts'
import { RawClient, type Reading } from '../support/raw-client.ts'

const post = (fields: string, body: string): string => `POST /raw/split HTTP/1.1\r\nHost: lab.test\r\n${fields}\r\n${body}`

const REQUESTS: Readonly<Record<string, string>> = {
  'plain GET': 'GET /raw/split?a=b HTTP/1.1\r\nHost: lab.test\r\n\r\n',
  'HTTP/1.0': 'GET /raw/split HTTP/1.0\r\nHost: lab.test\r\nConnection: keep-alive\r\n\r\n',
  HEAD: 'HEAD /raw/split HTTP/1.1\r\nHost: lab.test\r\n\r\n',
  'absolute target': 'GET http://lab.test:80/raw/split HTTP/1.1\r\nHost: lab.test\r\n\r\n',
  'spaces around values': 'GET /raw/split HTTP/1.1\r\nHost: \t lab.test \t\r\nX-A:b\r\nX-B: \r\n\r\n',
  'empty line first': '\r\nGET /raw/split HTTP/1.1\r\nHost: lab.test\r\n\r\n',
  'obs-text': 'GET /raw/split HTTP/1.1\r\nHost: lab.test\r\nX-U: \xc3\xa9\xff\r\n\r\n',
  'body with a length': post('Content-Length: 12\r\n', 'hello\r\n\r\nyou'),
  'empty body': post('Content-Length: 0\r\n', ''),
  chunked: post('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n'),
  'chunks with extensions': post('Transfer-Encoding: chunked\r\n', '5;a=b\r\nhello\r\n3;c="d;e"\r\n\r\n!\r\n0;f\r\n\r\n'),
  'chunked with a trailer': post('Transfer-Encoding: chunked\r\nTrailer: X-T\r\n', '2\r\nok\r\n0\r\nX-T: 1\r\n\r\n'),
  'body that looks like a request': post('Content-Length: 47\r\n', 'GET /raw/smuggled HTTP/1.1\r\nHost: lab.test\r\n\r\n!'),
  'two pipelined': `GET /raw/split HTTP/1.1\r\nHost: lab.test\r\n\r\n${post('Content-Length: 5\r\n', 'hello')}`,
}

const RESPONSES: Readonly<Record<string, string>> = {
  'with a length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n',
  'chunked with a trailer': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  'no body': 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n',
  'after interim ones': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'without a reason': 'HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello',
}

let origin: Origin
let gateway: TestGateway

/** What a test compares: all of a request that does not differ from one to the next. */
function essence(request: SeenRequest): unknown {
  const { line, body, trailers, framing } = request
  return { line, body, trailers, framing, fields: request.fields.filter(([name]) => name.toLowerCase() !== 'x-request-id') }
}

async function send(text: string, parts: readonly string[], count: number): Promise<{ reading: Reading; seen: unknown[] }> {
  origin.clear()
  const client = await RawClient.connect(gateway.port('patient'))
  client.methods.push(...text.matchAll(/(?<![A-Z])([A-Z]+) \S+ HTTP\/1\.\d\r\n/g).map((match) => match[1] ?? ''))
  await client.sendParts(parts)
  const reading = await client.answers(count)
  client.destroy()
  return { reading, seen: origin.requests.map(essence) }
}

/** Every cut in two, and the cut into single bytes. */
function cuts(text: string): string[][] {
  return [...Array.from({ length: text.length - 1 }, (_none, i) => [text.slice(0, i + 1), text.slice(i + 1)]), [...text]]
}

beforeAll(async () => {
  ({ origin, gateway } = await startRawGateway())
})
beforeEach(() => {
  origin.script = () => undefined
})
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
})

describe('requests', () => {
  test.each(Object.entries(REQUESTS))('%s', async (name, text) => {
    const count = name === 'two pipelined' ? 2 : 1
    const whole = await send(text, [text], count)
    expect(whole.seen).toHaveLength(count)
    for (const parts of cuts(text)) {
      const { reading, seen } = await send(text, parts, count)
      expect(reading.problems).toEqual([])
      expect(origin.problems()).toEqual([])
      expect(reading.responses.map((answer) => answer.status)).toEqual(Array.from({ length: count }, () => 200))
      expect(seen, JSON.stringify(parts)).toEqual(whole.seen)
    }
  })
})

describe('responses', () => {
  test.each(Object.entries(RESPONSES))('%s', async (_name, text) => {
    let parts: readonly string[] = [text]
    // The pieces go out by themselves, each when the one before has left; the answer to the origin is empty.
    origin.script = (_request, connection) => {
      const rest = [...parts]
      const next = (): void => {
        const part = rest.shift()
        if (part !== undefined) connection.socket.write(part, 'latin1', () => setImmediate(next))
      }
      next()
      return { bytes: '', next: 'keep' }
    }
    const ask = 'GET /raw/split HTTP/1.1\r\nHost: lab.test\r\n\r\n'
    const whole = await send(ask, [ask], 1)
    expect(whole.reading.problems).toEqual([])
    for (const cut of cuts(text)) {
      parts = cut
      const { reading } = await send(ask, [ask], 1)
      expect(reading.problems).toEqual([])
      // What came chunked, and was here whole before its head left, has a length in place of chunks.
      const show = ({ responses }: Reading): unknown => responses.map(({ status, body, trailers, fields }) => ({ status, body, trailers, names: fields.map(([key]) => (/^(?:content-length|transfer-encoding)$/i.test(key) ? 'framing' : key)) }))
      expect(show(reading), JSON.stringify(cut)).toEqual(show(whole.reading))
    }
  })
})
