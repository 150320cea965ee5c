// Plays one request framing case through a gateway to a strict origin and judges what came out on both sides.
import { expect } from 'vitest'
import { expectInnocent } from './corpus.ts'
import type { TestGateway } from './gateway.ts'
import { readBody, readHead } from './http1.ts'
import type { Origin } from './origin.ts'
import { RawClient, type Reading } from './raw-client.ts'

/** A request that must never be seen: it is smuggled in a body or behind a refused request. */
export const CANARY = 'GET /raw/smuggled HTTP/1.1\r\nHost: lab.test\r\n\r\n'

export interface FramingCase {
  readonly id: string
  /** Latin1 bytes. */
  readonly raw: string
  /** `accept`: reaches the origin whole and is answered 200. `reject`: refused. `reject_or_clean`: refused, or forwarded so that every parser reads the same. */
  readonly want: 'accept' | 'reject' | 'reject_or_clean'
  /** Requests that the origin may see at most; for `accept` exactly. Default 1. From 2 on the canary is a legal request. */
  readonly max?: number
  /** Legal requests in front of one that is refused; each is answered. Default 0. */
  readonly before?: number
  /** Body of the first request where a strict reading of `raw` does not give it. */
  readonly body?: string
  /** The message never ends: the origin must not see a complete one. */
  readonly unfinished?: boolean
  /** The client sends FIN at once. */
  readonly ends?: boolean
}

async function play(each: FramingCase, gateway: TestGateway): Promise<Reading> {
  const client = await RawClient.connect(gateway.port(each.want === 'accept' ? 'patient' : 'hasty'))
  client.methods.push(...each.raw.matchAll(/(?<![A-Z])([A-Z]+) \S+ HTTP\/1\.\d\r\n/g).map((match) => match[1] ?? ''))
  client.send(each.raw)
  if (each.ends === true) client.end()
  // A refusal closes by itself. After answers the client says that it has no more.
  if (each.want === 'accept') await client.answers(each.max ?? 1)
  if (each.want === 'reject_or_clean') await client.answers(1)
  if (each.want !== 'reject') client.end()
  const reading = await client.ended()
  client.destroy()
  return reading
}

/** Body of a case that is itself beyond doubt. */
function expectedBody(each: FramingCase): string | undefined {
  const head = readHead(each.raw, 0)
  const read = head === undefined ? undefined : readBody(each.raw, head)
  return each.body ?? (read?.kind === 'message' && read.message.problems.length === 0 ? read.message.body : undefined)
}

function expectClean(each: FramingCase, origin: Origin): void {
  const max = each.max ?? 1
  expect(origin.problems()).toEqual([])
  expect(origin.requests.length).toBeLessThanOrEqual(each.unfinished === true ? 0 : max)
  if (max < 2) expect(origin.requests.map((request) => request.target)).not.toContain('/raw/smuggled')
  const [first] = origin.requests
  const body = expectedBody(each)
  if (first === undefined) return
  expect(first.line.slice(0, first.method.length)).toBe(each.raw.trimStart().slice(0, first.method.length))
  if (body !== undefined) expect(first.body).toBe(body)
}

/** Plays a case; afterwards an innocent request on another connection must still get its own answer. */
export async function expectFraming(each: FramingCase, gateway: TestGateway, origin: Origin): Promise<void> {
  origin.clear()
  const reading = await play(each, gateway)
  const statuses = reading.responses.map((answer) => answer.status)
  const answered = statuses.filter((status) => status < 400)
  expect(reading.problems).toEqual([])
  expectClean(each, origin)
  if (each.want === 'reject') {
    expect(origin.requests.map((request) => request.line)).toHaveLength(each.before ?? 0)
    expect(answered).toHaveLength(each.before ?? 0)
  }
  if (each.want === 'accept') {
    expect(statuses).toEqual(Array.from({ length: each.max ?? 1 }, () => 200))
    expect(reading.responses.map((answer) => (answer.body === '' ? '' : (JSON.parse(answer.body) as { target: string }).target))).toEqual(origin.requests.map((request) => (request.method === 'HEAD' ? '' : request.target)))
  }
  if (each.want === 'reject_or_clean') expect(answered).toHaveLength(origin.requests.length)
  await expectInnocent(gateway.port('patient'), origin)
}
