// Registries over TLS on Node: an authority of one's own, names, client certificates, and words for what fails.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consul } from '../../../discovery/consul.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { nodePlatform } from '../../../src/node/platform.ts'
import { wire } from '../../support/fake-consul.ts'

const pem = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
const cert = pem('self-signed.pem')
const key = pem('self-signed-key.pem')

let server: Server
let address: string
const clients: string[] = []
beforeAll(async () => {
  server = createServer({ cert: readFileSync(cert), key: readFileSync(key), requestCert: true, rejectUnauthorized: false }, (request, response) => {
    clients.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN))
    // The second question blocks until the test ends.
    if (request.url?.includes('index=') === true) return
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '5' }).end(JSON.stringify([wire({ id: 'a', address: '10.0.0.1' })]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** The first set of the service under these TLS options: its hosts, or why there is none. */
async function first(tls: object | undefined): Promise<string> {
  const stop = new AbortController()
  const discoverer = consul.create('main', { address, ...(tls === undefined ? {} : { tls }) }, nodePlatform(() => {}))
  for await (const set of discoverer.watch({ registry: 'main', name: 'web', options: {} }, stop.signal)) {
    stop.abort()
    return set.kind === 'pending' ? (set.cause?.message ?? '') : endpointsOf(set).map(({ host }) => host).join(' ')
  }
  return 'ended'
}

test('the authority of the registry, and a certificate of our own', async () => {
  expect(await first({ ca: cert, cert, key })).toBe('10.0.0.1')
  expect(clients.at(-1)).toBe('fairlead test')
})

test('another name than the address', async () => {
  expect(await first({ ca: cert, serverName: 'localhost' })).toBe('10.0.0.1')
  expect(await first({ ca: cert, serverName: 'server.dc1.consul' })).toMatch(/tls: the certificate is for another name/)
})

test('nobody is trusted without a reason, and plain text is never tried instead', async () => {
  expect(await first(undefined)).toMatch(/^https:.*tls: the certificate is self-signed; give its authority in tls\.ca$/)
  expect(await first({ verify: false })).toBe('10.0.0.1')
})

test('a file that is missing is named', async () => {
  expect(await first({ ca: '/nowhere/ca.pem' })).toMatch(/\/nowhere\/ca\.pem/)
})
