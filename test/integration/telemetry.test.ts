// Real requests through the data plane, and what the instruments say of them.
import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createInstruments } from '../../src/telemetry/instruments.ts'
import { renderPrometheus } from '../../src/telemetry/prometheus.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startOrigin } from '../support/origin.ts'
import type { Origin } from '../support/origin.ts'

let origin: Origin
let gateway: TestGateway
let deadPort = 0
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

beforeEach(async () => {
  origin = await startOrigin()
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  deadPort = (closed.address() as AddressInfo).port
  closed.close()
  gateway = await startGateway(`
listen: 0
services:
  good: { endpoints: ["127.0.0.1:${origin.port}"] }
  half: { endpoints: ["127.0.0.1:${origin.port}", "127.0.0.1:${deadPort}"] }
  dead: { endpoints: ["127.0.0.1:${deadPort}"] }
routes:
  - { name: good, match: good.example, to: good }
  - { name: half, match: half.example, to: half }
  - { name: dead, match: dead.example, to: dead }
`)
})
afterEach(async () => {
  agent.destroy()
  await gateway.stop()
  await origin.stop()
})

async function get(host: string): Promise<number> {
  const sent = request({ host: '127.0.0.1', port: gateway.port(), path: '/', headers: { host }, agent })
  sent.end()
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
  await text(response)
  return response.statusCode ?? 0
}

function scrape(): string[] {
  const instruments = createInstruments()
  for (const access of gateway.records) instruments.record(access)
  const { plane } = gateway
  if (plane === undefined) throw new Error('the gateway under test has no data plane')
  return renderPrometheus(instruments.export(plane.live())).split('\n')
}

test('requests, connections and their reuse are counted', async () => {
  for (let i = 0; i < 5; i++) expect(await get('good.example')).toBe(200)
  expect(await get('nowhere.example')).toBe(404)
  const lines = scrape()
  for (const line of [
    'fairlead_requests_total{route="good",service="good",code="200",reason=""} 5',
    'fairlead_requests_total{route="",service="",code="404",reason="no_route"} 1',
    'fairlead_request_duration_seconds_count{route="good",service="good"} 5',
    'fairlead_active_requests 0',
    'fairlead_downstream_connections{state="idle"} 1',
    'fairlead_downstream_connections_total{event="accepted"} 1',
    'fairlead_upstream_connections{state="idle"} 1',
    'fairlead_upstream_connections_total{event="opened"} 1',
    'fairlead_upstream_connections_total{event="reused"} 4',
    'fairlead_upstream_connections_total{event="closed"} 0',
    'fairlead_upstream_connections_total{event="failed"} 0',
  ]) expect(lines).toContain(line)
})

test('a failed connect goes to another endpoint and is counted; the dead endpoint is left alone', async () => {
  for (let i = 0; i < 20; i++) expect(await get('half.example')).toBe(200)
  const failed = gateway.plane?.live().upstreamFailed ?? 0
  expect(failed).toBeLessThanOrEqual(2)
  const retries = gateway.records.reduce((sum, access) => sum + access.attempts - 1, 0)
  expect(retries).toBe(failed)
  expect(scrape()).toContain(`fairlead_retries_total{route="half",service="half"} ${retries}`)
})

test('a service whose endpoints are all dead is counted with its reason', async () => {
  expect(await get('dead.example')).toBe(502)
  const lines = scrape()
  expect(lines).toContain('fairlead_requests_total{route="dead",service="dead",code="502",reason="connect_failed"} 1')
  expect(lines).toContain('fairlead_upstream_connections{state="active"} 0')
  expect(gateway.plane?.live().upstreamFailed).toBeGreaterThan(0)
  expect(gateway.plane?.live().upstreamOpened).toBe(0)
})

test('a request under way is active until it ends', async () => {
  const [arrived, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  origin.script = async () => {
    arrived.resolve()
    await mayAnswer.promise
    return { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', next: 'keep' }
  }
  const status = get('good.example')
  await arrived.promise
  expect(gateway.plane?.live()).toMatchObject({ requestsActive: 1, downstreamOpen: 1, upstreamOpen: 1, upstreamIdle: 0 })
  mayAnswer.resolve()
  expect(await status).toBe(200)
  expect(gateway.plane?.live()).toMatchObject({ requestsActive: 0, upstreamIdle: 1 })
})
