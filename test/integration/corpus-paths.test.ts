// Ways around a path rule: every case of paths.json against "everything under /raw/admin is denied, the rest of /raw is public".
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectInnocent, LISTENERS, loadCorpus } from '../support/corpus.ts'
import { gatewayAvailable, startGateway, type TestGateway } from '../support/gateway.ts'
import { startOrigin, type Origin } from '../support/origin.ts'
import { couldReach } from '../support/path-readings.ts'
import { exchange } from '../support/raw-client.ts'

interface PathCase {
  readonly id: string
  readonly path: string
  readonly must: 'deny' | 'deny_or_400' | 'safe_once' | 'not_split' | 'not_admin' | 'public' | 'case'
}

let origin: Origin
let gateway: TestGateway

const denied = (status: number): boolean => status === 403 || status === 404 || (status >= 300 && status < 400)

/** What each word of the corpus allows; `reached` tells whether the origin saw the request. */
const ALLOWED: Record<PathCase['must'], (status: number, reached: boolean) => boolean> = {
  deny: (status, reached) => denied(status) && !reached,
  deny_or_400: (status, reached) => reached || denied(status) || status === 400,
  safe_once: (status, reached) => reached || denied(status) || status === 400,
  not_split: (status, reached) => reached || denied(status) || status === 400,
  not_admin: (status, reached) => status === 200 && reached,
  public: (status, reached) => status === 200 && reached,
  case: (status, reached) => denied(status) !== reached,
}

describe.skipIf(!gatewayAvailable)('paths', () => {
  beforeAll(async () => {
    origin = await startOrigin()
    gateway = await startGateway(`${LISTENERS}
routes:
  - { name: admin, match: { path: /raw/admin/** }, respond: { status: 403 } }
  - { name: raw, match: { path: /raw/** }, to: 'http://127.0.0.1:${origin.port}', timeout: 2s }
  - { name: hidden, match: { path: /hidden/** }, to: 'http://127.0.0.1:${origin.port}', rewrite: { path: '/raw/.{**}' } }
`)
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
  })

  test.each(loadCorpus<PathCase>('paths'))('$id: $must', async (each) => {
    origin.clear()
    const reading = await exchange(gateway.port('patient'), `GET ${each.path} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    const status = reading.responses[0]?.status ?? 0
    expect(reading.problems).toEqual([])
    expect(origin.problems()).toEqual([])
    expect(ALLOWED[each.must](status, origin.requests.length === 1), `answered ${status}, origin saw ${origin.requests.map((request) => request.target).join()}`).toBe(true)
    for (const request of origin.requests) expect(couldReach(request.target, '/raw/admin'), request.target).toBe(false)
    if (each.must === 'public') expect(origin.requests[0]?.target).toBe(each.path)
    await expectInnocent(gateway.port('patient'), origin)
  })

  test.each(['/;/admin', '/;x/admin', '/;a=b/admin/x', '/x/;/../admin', '/;/;/admin', '/%3B/admin', '/%3bx/admin', '/%23/admin', '/%3F/admin'])('an empty name before parameters is no way past a rule: /raw%s', async (path) => {
    origin.clear()
    const reading = await exchange(gateway.port('patient'), `GET /raw${path} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    expect(reading.responses.map(({ status }) => status)).toEqual([400])
    expect(origin.requests).toEqual([])
  })

  test.each(['..%3Fx', '..%23', '.%3F', '.%23x', '..%3fx/admin', '%2e%2E%3F/admin', '..%23/admin/x', 'x%20%3Fy', 'x%20%23', 'admin%20%3F/x'])('a name that is a dot segment or ends in a space before parameters has no form: /raw/pub/%s', async (path) => {
    origin.clear()
    const reading = await exchange(gateway.port('patient'), `GET /raw/pub/${path} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    expect(reading.responses.map(({ status }) => status)).toEqual([400])
    expect(origin.requests).toEqual([])
  })

  test.each(['/raw/pub..%3Fx', '/raw/...%3Fx', '/raw/.x%3Fy', '/raw/a%20b%3Fc'])('a name with parameters is forwarded as it came: %s', async (path) => {
    origin.clear()
    const reading = await exchange(gateway.port('patient'), `GET ${path} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    expect(reading.responses.map(({ status }) => status)).toEqual([200])
    expect(origin.requests.map(({ target }) => target)).toEqual([path])
  })

  test.each([';x', '%3Bx', '%3F', '%3fx', '%23x'])('nor does a rewrite make a dot segment with parameters of a capture: %s', async (rest) => {
    origin.clear()
    const reading = await exchange(gateway.port('patient'), `GET /hidden/${rest} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    expect(reading.responses.map(({ status }) => status)).toEqual([400])
    expect(origin.requests).toEqual([])
  })

  test.each(['/', '/pub/'])('parameters alone may stand at the end: /raw%s;jsessionid=1', async (path) => {
    origin.clear()
    const reading = await exchange(gateway.port('patient'), `GET /raw${path};jsessionid=1 HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    expect(reading.responses.map(({ status }) => status)).toEqual([200])
    expect(origin.requests.map(({ target }) => target)).toEqual([`/raw${path};jsessionid=1`])
    expect(origin.requests.some(({ target }) => couldReach(target, '/raw/admin'))).toBe(false)
  })
})
