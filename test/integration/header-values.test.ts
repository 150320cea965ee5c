// Header values of a table beyond ASCII, as bytes on the wire: a runtime that kept only the low byte of each character would write
// line ends where a table has `č` and `上`, and with them header fields of anyone's choice.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { exchange } from '../support/raw-client.ts'

/** Of the characters before X-Evil and of the colon the low bytes are CR, LF and `:`. */
const SPLITTING = 'a\u010d\u010aX-Evil\u013a b'
let origin: Origin
let gateway: TestGateway

beforeAll(async () => {
  origin = await startOrigin()
  gateway = await startGateway(`
listen: 127.0.0.1:0
services: { origin: { endpoints: ['127.0.0.1:${origin.port}'] } }
routes:
  - { match: /to/**, to: origin, requestHeaders: { set: { x-set: '${SPLITTING}' }, add: { x-add: '${SPLITTING}' } }, responseHeaders: { set: { x-set: '${SPLITTING}' }, add: { x-add: '${SPLITTING}' } } }
  - { match: /own, respond: { headers: { x-own: '${SPLITTING}' } }, responseHeaders: { set: { x-set: '${SPLITTING}' } } }
`)
})
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
})

const asBytes = Buffer.from(SPLITTING).toString('latin1')

test.each([['/to/x', ['x-set', 'x-add']], ['/own', ['x-own', 'x-set']]] as const)('of an answer to %s', async (path, names) => {
  const { responses: [answer], problems } = await exchange(gateway.port(), `GET ${path} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
  expect(problems).toEqual([])
  for (const name of names) expect(valuesOf(answer?.fields ?? [], name)).toEqual([asBytes])
  expect(answer?.fields.map(([name]) => name.toLowerCase())).not.toContain('x-evil')
})

test('of a request to an endpoint', async () => {
  origin.clear()
  await exchange(gateway.port(), 'GET /to/x HTTP/1.1\r\nHost: lab.test\r\n\r\n')
  const [seen] = origin.requests
  for (const name of ['x-set', 'x-add']) expect(valuesOf(seen?.fields ?? [], name)).toEqual([asBytes])
  expect(seen?.fields.map(([name]) => name.toLowerCase())).not.toContain('x-evil')
  expect(origin.problems()).toEqual([])
})
