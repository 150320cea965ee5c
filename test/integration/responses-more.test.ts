// More upstream responses of the classes that the corpus has examples of, made from tables, and what becomes of the connection that brought them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answers, type AnswerCase } from '../support/cases/responses.ts'
import { expectInnocent, startRawGateway } from '../support/corpus.ts'
import type { TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import type { Origin, OriginConnection } from '../support/origin.ts'
import { RawClient, type Reading } from '../support/raw-client.ts'

let origin: Origin
let gateway: TestGateway
let used: OriginConnection[] = []

function expectPassed(each: AnswerCase, reading: Reading): void {
  const [answer] = reading.responses
  expect(answer?.status).toBe(each.status ?? 200)
  expect(answer?.body).toBe(each.body ?? 'ok')
  expect(valuesOf(answer?.fields ?? [], 'x-evil')).toEqual([])
  expect(each.interim ?? []).toEqual(expect.arrayContaining(reading.interim.map((message) => message.status)))
  expect(reading.interim.flatMap((message) => message.fields.map(([name]) => name.toLowerCase())).filter((name) => ['content-length', 'transfer-encoding', 'connection', 'x-hop'].includes(name))).toEqual([])
}

const refused = (reading: Reading): boolean => reading.responses[0]?.status === 502

const JUDGES: Record<AnswerCase['want'], (each: AnswerCase, reading: Reading) => void> = {
  pass: expectPassed,
  refuse: (_each, reading) => expect(reading.responses.map((answer) => answer.status)).toEqual([502]),
  refuse_or_pass: (each, reading) => refused(reading) || expectPassed(each, reading),
  cut: (_each, reading) => refused(reading) || expect(reading.unfinished).toBe(true),
}

beforeAll(async () => {
  ({ origin, gateway } = await startRawGateway())
})
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
})

test.each(answers)('$want: $id', async (each) => {
  origin.clear()
  used = []
  origin.script = (request, connection) => {
    if (request.target !== '/raw/answer') return undefined
    used.push(connection)
    return { bytes: each.raw, next: each.next ?? 'keep' }
  }
  const client = await RawClient.connect(gateway.port('patient'))
  client.methods.push(each.method ?? 'GET', 'GET')
  client.send(`${each.method ?? 'GET'} /raw/answer HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
  const reading = await client.answers(1)
  if (client.closed === undefined) client.send('GET /raw/after HTTP/1.1\r\nHost: lab.test\r\n\r\n')
  const after = await client.answers(2)
  client.destroy()
  JUDGES[each.want](each, reading)
  if (each.want !== 'cut') expect(after.problems).toEqual([])
  // Whatever came after the answer belongs to nobody.
  if (after.responses.length > 1) expect(JSON.parse(after.responses[1]?.body ?? '')).toMatchObject({ target: '/raw/after' })
  await expectInnocent(gateway.port('patient'), origin)
  if (refused(reading)) expect(used.every((connection) => connection.received.split('/raw/').length === 2)).toBe(true)
})
