// An endpoint that answers while the upload goes on and closes with unread data: its answer has arrived, and the next write fails.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'

const TLS = new URL('../fixtures/tls/engine/', import.meta.url).pathname

/**
 * Endpoints on a thread of their own, so that they go on while this one stands still. `turn` says who moves: 0 the gateway; 1 the endpoint,
 * which answers and resets; 2 the test.
 */
const ENDPOINT = `
const { parentPort, workerData: { turn, key, cert } } = require('node:worker_threads')
const serve = (socket) => {
  socket.on('error', () => {})
  let head = ''
  socket.on('data', (bytes) => {
    head += bytes.toString('latin1')
    if (!head.includes('part')) return
    socket.removeAllListeners('data').pause()
    parentPort.postMessage('got')
    Atomics.wait(turn, 0, 0)
    const answer = head.startsWith('POST /silent') ? '' : 'HTTP/1.1 413 Content Too Large\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nno'
    socket.write(answer, () => {
      ;(socket._parent ?? socket).resetAndDestroy()
      Atomics.store(turn, 0, 2)
      Atomics.notify(turn, 0)
    })
  })
}
const servers = [require('node:net').createServer(serve), require('node:tls').createServer({ key, cert }, serve)]
Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port))))).then((ports) => parentPort.postMessage(ports))
`

const turn = new Int32Array(new SharedArrayBuffer(4))
let worker: Worker
let gateway: TestGateway

beforeAll(async () => {
  const { readFileSync } = await import('node:fs')
  worker = new Worker(ENDPOINT, { eval: true, workerData: { turn, key: readFileSync(`${TLS}alpha-key.pem`), cert: readFileSync(`${TLS}alpha.pem`) } })
  const [[plain, secure]] = (await once(worker, 'message')) as [[number, number]]
  gateway = await startGateway(`
listen: 0
services:
  plain:  { endpoints: ['127.0.0.1:${plain}'] }
  secure: { endpoints: ['127.0.0.1:${secure}'], tls: { verify: false } }
routes:
  - { match: { path: /**, headers: { x-to: plain } }, to: plain }
  - { match: { path: /**, headers: { x-to: secure } }, to: secure }
`)
})
afterAll(async () => {
  await gateway?.stop()
  await worker?.terminate()
})

/** An upload of which a piece reaches the gateway before it has seen what the endpoint said. */
async function upload(path: string, to: string, framing: string): Promise<{ status: number | undefined; body: string | undefined; reason: string | undefined }> {
  const before = gateway.records.length
  const client = await RawClient.connect(gateway.port())
  const got = once(worker, 'message')
  const chunked = framing === 'chunked'
  Atomics.store(turn, 0, 0)
  client.send(`POST ${path} HTTP/1.1\r\nHost: a.test\r\nx-to: ${to}\r\n${chunked ? 'Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n' : 'Content-Length: 3000000\r\n\r\npart'}`)
  await got
  // Readable for the gateway first, so read first, while what the endpoint said waits behind it.
  client.send(chunked ? `1000\r\n${'x'.repeat(0x1000)}\r\n` : 'x'.repeat(0x1000))
  Atomics.store(turn, 0, 1)
  Atomics.notify(turn, 0)
  Atomics.wait(turn, 0, 1)
  const { responses } = await client.ended()
  client.destroy()
  await expect.poll(() => gateway.records.length, { interval: 1 }).toBe(before + 1)
  return { status: responses[0]?.status, body: responses[0]?.body, reason: gateway.records[before]?.reason }
}

for (const to of ['plain', 'secure']) {
  test.each(['length', 'chunked'])(`an early answer is not lost with the upload, ${to}, by %s`, async (framing) => {
    for (let i = 0; i < 5; i++) expect(await upload('/', to, framing)).toEqual({ status: 413, body: 'no', reason: '' })
  })

  test.each(['length', 'chunked'])(`an endpoint that closes without a word fails the upload, ${to}, by %s`, async (framing) => {
    expect(await upload('/silent', to, framing)).toMatchObject({ status: 502, reason: 'upstream_reset' })
  })
}
