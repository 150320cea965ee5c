// The worker between peers that do what the runtime does not expect: statuses and reasons that it lets in but not out again, and bodies
// that stop coming.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { valuesOf } from '../support/http1.ts'
import { type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient, type ReceivedResponse } from '../support/raw-client.ts'
import { startWorker, tableOf, type TestWorker } from '../support/workerd.ts'

let origin: Origin
let worker: TestWorker

beforeAll(async () => {
  origin = await startOrigin()
  worker = await startWorker(tableOf(`
services:
  origin: { endpoints: ['127.0.0.1:${origin.port}'] }
routes:
  - { match: /plain/**, to: origin }
  - { match: /kept, to: origin, timeout: 300ms, retry: { attempts: 2, on: [5xx, reset], methods: [GET, PUT] } }
  - { match: /ended, to: origin, retry: { attempts: 2, on: [5xx, reset], methods: [GET, PUT] } }
  - { match: /teapot, respond: { status: 418, body: "a cup é\\n" } }
`))
})

afterEach(() => {
  origin.clear()
  origin.script = () => undefined
})

afterAll(async () => {
  await worker.stop()
  await origin.stop()
})

const answerTo = async (request: string): Promise<ReceivedResponse> => {
  const { responses: [answer] } = await exchange(worker.port, request)
  if (answer === undefined) throw new Error('no response')
  return answer
}
const reasonOf = (answer: ReceivedResponse): [number, string[]] => [answer.status, valuesOf(answer.fields, 'fairlead-error')]

describe('an origin', () => {
  test.each([['a status over 599', response('600 Odd', 'hi')], ['the greatest status', response('999 Odd', 'hi')], ['a switch of protocols that nobody asked for', 'HTTP/1.1 101 Switching\r\n\r\n']])('that answers with %s is told of as on Node', async (_name, bytes) => {
    origin.script = () => ({ bytes, next: 'end' })
    expect(reasonOf(await answerTo('GET /plain/x HTTP/1.1\r\nHost: edge.test\r\n\r\n'))).toEqual([502, ['upstream_protocol']])
    expect(worker.output()).not.toContain('a defect')
  })

  test('may have a tab in its reason', async () => {
    origin.script = () => ({ bytes: response('200 Very\tfine', 'hi'), next: 'keep' })
    expect(await answerTo('GET /plain/x HTTP/1.1\r\nHost: edge.test\r\n\r\n')).toMatchObject({ line: 'HTTP/1.1 200 Very fine', body: 'hi' })
  })
})

describe('a client', () => {
  const put = (path: string): string => `PUT ${path} HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 10\r\n\r\nabc`

  test('whose body stops coming is waited for until the timeout of its route, also where the body is kept for a retry', async () => {
    const client = await RawClient.connect(worker.port)
    client.methods.push('PUT')
    client.send(put('/kept'))
    const { responses: [answer] } = await client.answers(1)
    client.destroy()
    expect(answer && reasonOf(answer)).toEqual([504, ['upstream_timeout']])
    expect(origin.heads).toEqual([])
  })

  test('that ends its body early is no fault of the origin, and its request is not tried again', async () => {
    const client = await RawClient.connect(worker.port)
    client.methods.push('PUT')
    client.send(put('/ended'))
    client.socket.end()
    const { responses: [answer] } = await client.answers(1)
    client.destroy()
    expect(answer && reasonOf(answer)).toEqual([499, ['client_closed']])
  })

  test('hears by HEAD the length of what a route answers itself', async () => {
    const answer = await answerTo('HEAD /teapot HTTP/1.1\r\nHost: edge.test\r\n\r\n')
    expect(valuesOf(answer.fields, 'content-length')).toEqual(['9'])
  })
})
