// What happens between two tries of one request, over real sockets: the wait between them lasts as long as the test wants.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { type Answer, type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'

let origin: Origin
let gateway: TestGateway
/** Ends the present wait between two tries; undefined while there is none. */
let goOn: (() => void) | undefined
/** The gateway is to stop, and no more waits. */
let over = false
const UNAVAILABLE: Answer = { bytes: response('503 Service Unavailable', ''), next: 'keep' }

beforeAll(async () => {
  origin = await startOrigin()
  const sleep = (): Promise<void> =>
    new Promise((resolve) => {
      if (over) resolve()
      else goOn = resolve
    })
  gateway = await startGateway(
    `
listen: 0
services:
  one: { endpoints: ['127.0.0.1:${origin.port}'] }
routes:
  - { match: /again, to: one, retry: { attempts: 1, on: [5xx] } }
  - { match: /here, respond: { status: 200 } }
  - { match: /once, to: one }
`,
    { sleep },
  )
})
beforeEach(() => {
  origin.clear()
  origin.script = () => undefined
  origin.onHead = () => undefined
  goOn = undefined
})
afterAll(async () => {
  over = true
  await gateway?.stop()
  await origin?.stop()
})

const untilWaiting = (): Promise<void> => expect.poll(() => goOn, { interval: 1 }).toBeDefined()
/** By the time that another connection is answered, the gateway has read what came before. */
const untilRead = async (): Promise<void> => void (await exchange(gateway.port(), 'GET /here HTTP/1.1\r\nHost: a.test\r\n\r\n'))

describe('a body that goes on coming while the request waits for its next try', () => {
  const PIECE = 'x'.repeat(40_960)
  test.each([
    ['chunks', 'Transfer-Encoding: chunked', ['5\r\nSTART\r\n', `a000\r\n${PIECE}\r\n`, `a000\r\n${PIECE}\r\n`, '3\r\nEND\r\n0\r\n\r\n']],
    ['a length', `Content-Length: ${2 * PIECE.length + 8}`, ['START', PIECE, PIECE, 'END']],
  ])('is sent whole: %s', async (_framing, field, [start = '', ...pieces]) => {
    let tries = 0
    origin.onHead = () => (++tries === 1 ? UNAVAILABLE : undefined)
    const client = await RawClient.connect(gateway.port())
    client.send(`PUT /again HTTP/1.1\r\nHost: a.test\r\n${field}\r\n\r\n${start}`)
    await untilWaiting()
    for (const piece of pieces.slice(0, 2)) {
      client.send(piece)
      await untilRead()
    }
    goOn?.()
    client.send(pieces[2] ?? '')
    expect((await client.answers(1)).responses.map(({ status }) => status)).toEqual([200])
    expect(origin.requests.map(({ body }) => [body.length, body.replaceAll('x', '')])).toEqual([[2 * PIECE.length + 8, 'STARTEND']])
    client.destroy()
  })
})

test('a client that leaves between two tries takes nothing from the one that has its connection now', async () => {
  let tries = 0
  let answer: ((answer: Answer) => void) | undefined
  const answered = new Promise<Answer>((resolve) => {
    answer = resolve
  })
  origin.script = () => (++tries === 1 ? UNAVAILABLE : answered)
  const leaver = await RawClient.connect(gateway.port())
  leaver.send('GET /again HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await untilWaiting()
  const other = await RawClient.connect(gateway.port())
  other.send('GET /once HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await expect.poll(() => tries, { interval: 1 }).toBe(2)
  expect(origin.connections).toHaveLength(1)
  leaver.reset()
  await untilRead()
  answer?.({ bytes: response('200 OK', ''), next: 'keep' })
  expect((await other.answers(1)).responses.map(({ status }) => status)).toEqual([200])
  other.destroy()
  goOn?.()
})
