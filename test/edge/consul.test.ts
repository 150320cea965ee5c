// The Consul adapter in a worker: its client asks for modules of Node, which the runtime has at the date in wrangler.toml.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startWorker, tableOf } from '../support/workerd.ts'

/** Answers with the first set of a service that is more than pending. */
const WORKER = `
import { consul } from './discovery/consul.ts'
import { edgePlatform } from './src/edge/platform.ts'
export default {
  async fetch(request: Request): Promise<Response> {
    const ending = new AbortController()
    const discoverer = consul.create('consul', { address: request.headers.get('consul') }, edgePlatform)
    for await (const set of discoverer.watch({ registry: 'consul', name: 'words', options: {} }, ending.signal)) {
      if (set.kind === 'pending') continue
      ending.abort()
      return Response.json(set)
    }
    return Response.json('nothing')
  },
}`
const ROW = { Node: { Node: 'n1', Address: '10.0.0.9' }, Service: { ID: 'w1', Service: 'words', Address: '10.0.0.1', Port: 7001, Tags: ['v1'] }, Checks: [] }

test('a worker reads Consul through the consul client', { timeout: 30_000 }, async () => {
  const asked: (string | undefined)[] = []
  const agent = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7' }).end(JSON.stringify([ROW]))
  }).listen(0, '127.0.0.1')
  await once(agent, 'listening')
  const worker = await startWorker(tableOf('routes: []'), { source: WORKER })
  try {
    const answer = await fetch(`http://127.0.0.1:${worker.port}/`, { headers: { consul: `http://127.0.0.1:${(agent.address() as AddressInfo).port}` } })
    expect(await answer.json()).toMatchObject({ kind: 'ready', endpoints: [{ host: '10.0.0.1', port: 7001, tags: ['v1'] }] })
    expect(asked[0]).toMatch(/^\/v1\/health\/service\/words\?/)
  } finally {
    await worker.stop()
    agent.close()
    agent.closeAllConnections()
  }
})
