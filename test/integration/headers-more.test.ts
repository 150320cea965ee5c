// More of what a peer may not do with header fields: name them in Connection, forge who it is, hide behind other spellings; both ways.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expectInnocent, startRawGateway } from '../support/corpus.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { type Origin, response, type SeenRequest, startOrigin } from '../support/origin.ts'
import { exchange, type ReceivedResponse } from '../support/raw-client.ts'

let origin: Origin
let gateway: TestGateway

async function send(fields: readonly string[]): Promise<{ answer: ReceivedResponse | undefined; seen: SeenRequest | undefined }> {
  origin.clear()
  const reading = await exchange(gateway.port('patient'), `GET /raw/x HTTP/1.1\r\nHost: lab.test\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`)
  expect(reading.problems).toEqual([])
  expect(origin.problems()).toEqual([])
  return { answer: reading.responses[0], seen: origin.requests[0] }
}

const names = (message: { fields: SeenRequest['fields'] } | undefined): string[] => (message?.fields ?? []).map(([name]) => name.toLowerCase())

beforeAll(async () => {
  ({ origin, gateway } = await startRawGateway())
})
beforeEach(() => {
  origin.script = () => undefined
})
afterAll(async () => {
  await expectInnocent(gateway.port('patient'), origin)
  await gateway?.stop()
  await origin?.stop()
})

describe('a field that Connection names is for this hop only', () => {
  const LISTS = ['X-Hop', 'x-hop', 'close, X-Hop', 'X-Hop, close', 'keep-alive,X-Hop', ',, X-Hop ,,', 'X-Hop\t', 'a, b, c, X-Hop', 'X-HOP']
  test.each(LISTS)('request, Connection: %s', async (list) => {
    const { seen } = await send([`Connection: ${list}`, 'X-Hop: 1', 'X-Hop-2: 2'])
    expect(names(seen)).not.toContain('x-hop')
    expect(valuesOf(seen?.fields ?? [], 'x-hop-2')).toEqual(['2'])
  })
  test('request, named in the second of two lines, sent in two lines', async () => {
    const { seen } = await send(['X-Hop: 1', 'Connection: a', 'Connection: x-hop', 'X-Hop: 2'])
    expect(names(seen)).not.toContain('x-hop')
  })
  test.each(LISTS)('response, Connection: %s', async (list) => {
    origin.script = () => ({ bytes: response('200 OK', 'ok', [`Connection: ${list}`, 'X-Hop: 1', 'X-Hop-2: 2']), next: 'keep' })
    const { answer } = await send([])
    expect(names(answer)).not.toContain('x-hop')
    expect(valuesOf(answer?.fields ?? [], 'x-hop-2')).toEqual(['2'])
  })
})

describe('Connection cannot take away what others rely on', () => {
  test.each(['Host', 'Content-Length', 'Transfer-Encoding', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Request-Id', 'X-Real-IP', 'Via', 'Forwarded'])('%s that the gateway writes', async (name) => {
    const plain = await send([])
    const { answer, seen } = await send([`Connection: close, ${name}`])
    if (seen === undefined) expect(answer?.status).toBe(400)
    else expect(names(seen).filter((key) => key === name.toLowerCase())).toEqual(names(plain.seen).filter((key) => key === name.toLowerCase()))
  })
  test.each(['Authorization: Bearer t', 'Cookie: a=b', 'Content-Type: text/plain', 'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'])('%s that the client sends', async (field) => {
    const [name = '', value = ''] = field.split(': ')
    const { answer, seen } = await send([`Connection: ${name}`, field])
    if (seen === undefined) expect(answer?.status).toBe(400)
    else expect(valuesOf(seen.fields, name.toLowerCase())).toEqual([value])
  })
})

describe('fields for one hop', () => {
  test.each(['Keep-Alive: timeout=9', 'Proxy-Connection: keep-alive', 'Proxy-Authorization: Basic eA==', 'TE: gzip', 'TE: trailers, gzip', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Upgrade: h2c', 'Upgrade: foo/2', 'Trailer: X-T'])('request: %s', async (field) => {
    const { seen } = await send([field])
    const name = field.slice(0, field.indexOf(':')).toLowerCase()
    expect(valuesOf(seen?.fields ?? [], name).filter((value) => !(name === 'te' && value === 'trailers'))).toEqual([])
  })
  test.each(['Keep-Alive: timeout=9', 'Proxy-Connection: keep-alive', 'Upgrade: h2c', 'Proxy-Authenticate: Basic'])('response: %s', async (field) => {
    origin.script = () => ({ bytes: response('200 OK', 'ok', [field]), next: 'keep' })
    const { answer } = await send([])
    expect(answer?.status).toBe(200)
    expect(names(answer)).not.toContain(field.slice(0, field.indexOf(':')).toLowerCase())
  })
})

const FORGED = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Proto', 'X-Forwarded-Prefix', 'X-Forwarded-Server', 'X-Forwarded-Ssl', 'X-Forwarded-User', 'X-Forwarded-Client-Cert', 'X-Forwarded-Whatever', 'Forwarded', 'X-Real-IP', 'X-Client-IP', 'Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'Fastly-Client-IP', 'X-Cluster-Client-IP', 'X-Original-URL', 'X-Original-Host', 'X-Rewrite-URL', 'X-Host', 'X-Envoy-External-Address', 'X-Envoy-Original-Path', 'X-Envoy-Internal', 'X-Auth-Request-Email', 'Remote-User', 'X-Remote-User', 'Client-Cert', 'X-SSL-Client-Cert', 'Fairlead-Explanation']

describe('nobody is who an untrusted peer says it is', () => {
  const spellings = (name: string): string[] => [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'), name.replace('-', '_')]
  test.each(FORGED.flatMap((name) => [...new Set(spellings(name))]))('%s', async (name) => {
    const { answer, seen } = await send([`${name}: forged.example`, `${name}: forged.example`])
    if (seen === undefined) expect(answer?.status).toBe(400)
    else expect(seen.fields.filter(([, value]) => value.includes('forged')).map(([key]) => key)).toEqual([])
  })
})

describe('a route asks for what only a trusted peer may say', () => {
  let asking: TestGateway
  let second: Origin
  beforeAll(async () => {
    second = await startOrigin()
    asking = await startGateway(`
listeners:
  open:   { port: 0, host: 127.0.0.1 }
  behind: { port: 0, host: 127.0.0.1, trustedProxies: [127.0.0.1] }
services:
  kept: { endpoints: ['127.0.0.1:${origin.port}', '127.0.0.1:${second.port}'], balance: { kind: maglev, by: { header: x-forwarded-user } } }
routes:
  - { name: kept, match: /kept, to: kept }
  - { name: not-asked, match: /asked, respond: { status: 200 } }
${FORGED.map((name, i) => `  - { name: asks-${i}, match: { path: /asked, headers: { ${name.toLowerCase()}: /forged/ } }, respond: { status: 418 } }`).join('\n')}
`)
  })
  afterAll(async () => {
    await asking?.stop()
    await second?.stop()
  })

  const statusOf = async (listener: string, field: string): Promise<number | undefined> => (await exchange(asking.port(listener), `GET /asked HTTP/1.1\r\nHost: lab.test\r\n${field}\r\n\r\n`)).responses[0]?.status
  test.each(FORGED)('%s', async (name) => {
    expect([await statusOf('open', `${name}: forged`), await statusOf('open', `${name.toUpperCase()}: forged`), await statusOf('behind', `${name}: forged`)]).toEqual([200, 200, 418])
  })

  test('a balancer keeps nobody on the endpoint of a name that it only claims', async () => {
    const used = new Set<string>()
    for (let i = 0; i < 30; i++) {
      const before = asking.records.length
      await exchange(asking.port('open'), `GET /kept HTTP/1.1\r\nHost: lab.test\r\nX-Forwarded-User: user-${i}\r\n\r\n`)
      await expect.poll(() => asking.records.length, { interval: 1 }).toBeGreaterThan(before)
      used.add(asking.records[before]?.endpoint ?? '')
    }
    expect(used.size).toBe(1)
  })
})

test.each(['fairlead-error: no_route', 'Fairlead-Explanation: x', 'FAIRLEAD-ERROR: x'])('an endpoint cannot give the gateway its words: %s', async (field) => {
  origin.script = () => ({ bytes: response('200 OK', 'ok', [field]), next: 'keep' })
  const { answer } = await send([])
  expect(answer?.status).toBe(200)
  expect(names(answer).filter((name) => name.startsWith('fairlead-'))).toEqual([])
})

test('repeated fields keep their order and number', async () => {
  const { seen } = await send(['X-A: 1', 'X-B: 2', 'x-a: 3', 'X-A: '])
  expect(valuesOf(seen?.fields ?? [], 'x-a')).toEqual(['1', '3', ''])
  origin.script = () => ({ bytes: response('200 OK', 'ok', ['Set-Cookie: a=1', 'X-A: b', 'Set-Cookie: c=2']), next: 'keep' })
  const { answer } = await send([])
  expect(valuesOf(answer?.fields ?? [], 'set-cookie')).toEqual(['a=1', 'c=2'])
})

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])('a field may be called %s', async (name) => {
  const { seen } = await send([`${name}: 1`, 'Connection: __proto__x'])
  expect(valuesOf(seen?.fields ?? [], name.toLowerCase())).toEqual(['1'])
})

test.each([
  ['http://other.test/raw/x', 'other.test'],
  ['http://OTHER.test:80/raw/x', 'other.test'],
  ['http://other.test:8080/raw/x', 'other.test:8080'],
])('the authority of an absolute target wins over Host: %s', async (target, host) => {
  origin.clear()
  const reading = await exchange(gateway.port('patient'), `GET ${target} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
  expect(origin.problems()).toEqual([])
  if (reading.responses[0]?.status !== 400) expect(valuesOf(origin.requests[0]?.fields ?? [], 'host')).toEqual([host])
})
