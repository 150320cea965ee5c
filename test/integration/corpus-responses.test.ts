// Bad and odd upstream responses: every case of h1-responses.json, answered by the origin, seen by a strict client.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf, expectInnocent, LISTENERS, loadCorpus, type Raw } from '../support/corpus.ts'
import { gatewayAvailable, startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { startOrigin, type Answer, type Origin, type OriginConnection } from '../support/origin.ts'
import { exchange, RawClient, type Reading } from '../support/raw-client.ts'

interface ResponseCase {
  readonly id: string
  readonly raw: Raw
  readonly want: 'pass' | '5xx' | '504' | '5xx_or_clean' | 'incomplete_or_5xx' | '504_or_5xx'
  readonly why: string
  readonly end?: boolean
  readonly rst?: boolean
  readonly silent?: boolean
  readonly slowBody?: boolean
  readonly method?: string
  readonly body?: string
  readonly evilOk?: boolean
  readonly noField?: string
}

let origin: Origin
let gateway: TestGateway
/** Connections on which the origin gave the answer of the case. */
let used: OriginConnection[] = []

function answerOf(each: ResponseCase): Answer {
  const next = each.end === true ? 'end' : each.rst === true ? 'reset' : each.silent === true ? 'silent' : 'keep'
  return { bytes: bytesOf(each.raw), next }
}

function script(each: ResponseCase): void {
  const target = `/raw/up/${each.id}`
  used = []
  origin.script = (request, connection) => {
    if (request.target !== target) return undefined
    used.push(connection)
    return answerOf(each)
  }
  origin.onHead = (head) => (each.slowBody === true && head.line.includes(target) ? answerOf(each) : undefined)
}

/** Sends the request of a case and reads until its answer is there or the gateway gives up; then asks for another thing on the same connection if it is still open. */
async function play(each: ResponseCase): Promise<{ reading: Reading; after: Reading }> {
  const client = await RawClient.connect(gateway.port('patient'))
  const method = each.method ?? 'GET'
  client.methods.push(method, 'GET')
  const body = each.slowBody === true ? 'Content-Length: 20\r\n\r\nhello' : '\r\n'
  client.send(`${method} /raw/up/${each.id} HTTP/1.1\r\nHost: lab.test\r\n${body}`)
  const reading = await client.answers(1)
  if (each.slowBody === true) client.send(' and the other 14')
  if (client.closed === undefined) client.send('GET /raw/after HTTP/1.1\r\nHost: lab.test\r\n\r\n')
  const after = await client.answers(2)
  client.destroy()
  return { reading, after }
}

function expectWhole(each: ResponseCase, reading: Reading): void {
  const [answer] = reading.responses
  expect(answer?.status).toBe(Number(/^HTTP\/1\.\d (?!1)(\d+)/m.exec(bytesOf(each.raw))?.[1]))
  expect(answer?.body).toBe(each.body ?? 'ok')
  if (each.evilOk !== true) expect(valuesOf(answer?.fields ?? [], 'x-evil')).toEqual([])
  if (each.noField !== undefined) expect(valuesOf(answer?.fields ?? [], each.noField)).toEqual([])
}

const JUDGES: Record<ResponseCase['want'], (each: ResponseCase, reading: Reading) => void> = {
  pass: expectWhole,
  '5xx': (_each, reading) => expect(reading.responses[0]?.status).toBe(502),
  '504': (_each, reading) => expect(reading.responses[0]?.status).toBe(504),
  '504_or_5xx': (_each, reading) => expect(reading.responses[0]?.status).toBeGreaterThanOrEqual(500),
  '5xx_or_clean': (each, reading) => {
    if ((reading.responses[0]?.status ?? 0) < 500) expectWhole(each, reading)
  },
  incomplete_or_5xx: (_each, reading) => {
    if (reading.responses.length > 0) expect(reading.responses[0]?.status).toBe(502)
    else expect(reading.unfinished).toBe(true)
  },
}

describe.skipIf(!gatewayAvailable)('h1-responses', () => {
  const cases = loadCorpus<ResponseCase>('h1-responses')
  beforeAll(async () => {
    origin = await startOrigin()
    // Only who is to wait in vain waits so shortly that a loaded machine may do so as well.
    const late = cases.filter(({ want }) => want === '504').map(({ id }) => `  - { name: ${id}, match: { path: /raw/up/${id} }, to: 'http://127.0.0.1:${origin.port}', timeout: 300ms }\n`)
    gateway = await startGateway(`${LISTENERS}
routes:
${late.join('')}  - { name: raw, match: { path: /raw/** }, to: 'http://127.0.0.1:${origin.port}' }
`)
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
  })

  test.each(['Content-Length: 5', 'Transfer-Encoding: chunked', 'Content-Length: 0'])('a 204 with %s: its late body answers nobody', async (field) => {
    origin.clear()
    let used: OriginConnection | undefined
    origin.script = (request, connection) => {
      if (request.target !== '/raw/204') return undefined
      used = connection
      return { bytes: `HTTP/1.1 204 No Content\r\n${field}\r\n\r\n`, next: 'keep' }
    }
    const { responses } = await exchange(gateway.port('patient'), 'GET /raw/204 HTTP/1.1\r\nHost: lab.test\r\n\r\n')
    expect(responses.map(({ status, fields }) => [status, valuesOf(fields, 'content-length'), valuesOf(fields, 'transfer-encoding')])).toEqual([[204, [], []]])
    for (let i = 0; i < 5; i++) await expectInnocent(gateway.port('patient'), origin)
    // What declares no byte is over, and goes on.
    expect(used?.received.split('HTTP/1.1').length).toBe(field === 'Content-Length: 0' ? 7 : 2)
  })

  test.each(['Content-Length: 38', 'Transfer-Encoding: chunked'])('an interim answer with %s: nobody knows whose what follows is', async (field) => {
    origin.clear()
    origin.script = (request) => (request.target === '/raw/103' ? { bytes: `HTTP/1.1 103 Early Hints\r\n${field}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`, next: 'keep' } : undefined)
    const { responses } = await exchange(gateway.port('patient'), 'GET /raw/103 HTTP/1.1\r\nHost: lab.test\r\n\r\n')
    expect(responses.map(({ status }) => status)).toEqual([502])
    await expectInnocent(gateway.port('patient'), origin)
  })

  test.each(cases)('$id: $want, $why', async (each) => {
    origin.clear()
    script(each)
    const { reading, after } = await play(each)
    JUDGES[each.want](each, reading)
    if (each.want !== 'incomplete_or_5xx') expect(reading.problems).toEqual([])
    // Whatever came after the answer belongs to nobody: not to the next request on this connection, nor to one on another.
    expect(after.responses.length - reading.responses.length).toBeLessThanOrEqual(1)
    if (after.responses.length > 1) expect(JSON.parse(after.responses[1]?.body ?? '')).toMatchObject({ target: '/raw/after' })
    await expectInnocent(gateway.port('patient'), origin)
    // A connection whose answer was refused, or on which more came than the answer, is not used again.
    if (each.id.startsWith('up-extra') || [502, 504].includes(reading.responses[0]?.status ?? 0)) expect(used.every((connection) => connection.received.split('/raw/').length === 2)).toBe(true)
  })
})
