// HTTP/1.1 request framing: every case of h1-requests.json through a gateway to a strict origin.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf, expectInnocent, LISTENERS, loadCorpus, type Raw } from '../support/corpus.ts'
import { gatewayAvailable, startGateway, type TestGateway } from '../support/gateway.ts'
import { readBody, readHead } from '../support/http1.ts'
import { startOrigin, type Origin } from '../support/origin.ts'
import { RawClient, type Reading } from '../support/raw-client.ts'

interface RequestCase {
  readonly id: string
  readonly raw: Raw
  readonly want: 'accept' | 'reject' | 'reject_or_clean'
  readonly max?: number
  readonly why: string
}

/** Cases whose message never ends: the origin must not see a complete one. */
const NEVER_COMPLETE = new Set(['h1-cl-short-body-then-close', 'h1-chunk-size-u32-wrap', 'h1-chunk-data-short'])
/** Bodies that the strict reader cannot tell from the case itself, because extensions are not strict. */
const BODIES = new Map([['h1-chunk-ok-ext-quoted', 'hello']])

let origin: Origin
let gateway: TestGateway

async function play(each: RequestCase): Promise<Reading> {
  const text = bytesOf(each.raw)
  const client = await RawClient.connect(gateway.port(each.want === 'accept' ? 'patient' : 'hasty'))
  client.methods.push(...text.matchAll(/(?:^|\r\n\r\n)([A-Z]+) /g).map((match) => match[1] ?? ''))
  client.send(text)
  if (each.id.endsWith('-then-close')) client.end()
  // A refusal closes by itself. After answers the client says that it has no more.
  if (each.want === 'accept') await client.answers(each.max ?? 1)
  if (each.want === 'reject_or_clean') await client.answers(1)
  if (each.want !== 'reject') client.end()
  const reading = await client.ended()
  client.destroy()
  return reading
}

/** Body of a case that is itself beyond doubt. */
function plainBody(each: RequestCase): string | undefined {
  const text = bytesOf(each.raw)
  const head = readHead(text, 0)
  const read = head === undefined ? undefined : readBody(text, head)
  return read?.kind === 'message' && read.message.problems.length === 0 ? read.message.body : BODIES.get(each.id)
}

function expectClean(each: RequestCase): void {
  const max = each.max ?? 1
  expect(origin.problems()).toEqual([])
  expect(origin.requests.length).toBeLessThanOrEqual(NEVER_COMPLETE.has(each.id) ? 0 : max)
  if (max < 2) expect(origin.requests.map((request) => request.target)).not.toContain('/raw/smuggled')
  const [first] = origin.requests
  const body = plainBody(each)
  if (first === undefined) return
  expect(first.line.slice(0, first.method.length)).toBe(bytesOf(each.raw).trimStart().slice(0, first.method.length))
  if (body !== undefined) expect(first.body).toBe(body)
}

describe.skipIf(!gatewayAvailable)('h1-requests', () => {
  beforeAll(async () => {
    origin = await startOrigin()
    gateway = await startGateway(`${LISTENERS}
routes:
  - { name: raw, match: { path: /raw/** }, to: 'http://127.0.0.1:${origin.port}', timeout: 2s }
`)
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
  })

  test.each(loadCorpus<RequestCase>('h1-requests'))('$id: $want, $why', async (each) => {
    origin.clear()
    const reading = await play(each)
    const statuses = reading.responses.map((answer) => answer.status)
    expect(reading.problems).toEqual([])
    expectClean(each)
    if (each.want === 'reject') {
      expect(origin.requests.map((request) => request.line)).toEqual([])
      expect(statuses.filter((status) => status < 400)).toEqual([])
    }
    if (each.want === 'accept') {
      expect(statuses).toEqual(Array.from({ length: each.max ?? 1 }, () => 200))
      expect(reading.responses.map((answer) => (JSON.parse(answer.body) as { target: string }).target)).toEqual(origin.requests.map((request) => request.target))
    }
    if (each.want === 'reject_or_clean') expect(statuses.filter((status) => status < 400).length).toBe(origin.requests.length)
    await expectInnocent(gateway.port('patient'), origin)
  })
})
