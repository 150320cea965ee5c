// A start without a file: what the environment of Consul's and Nomad's own tools comes to.
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { adapters } from '../../../discovery/list.ts'
import { findNeighbours } from '../../../src/cli/no-file.ts'
import { parseConfig } from '../../../src/config/parse.ts'

const find = (env: Readonly<Record<string, string>>, ...answering: string[]): ReturnType<typeof findNeighbours> =>
  findNeighbours(env, '8080', (url) => Promise.resolve(answering.some((address) => url.startsWith(address))))

const BOTH = { registries: { consul: { address: 'http://127.0.0.1:8500' }, nomad: { address: 'http://127.0.0.1:4646' } }, routesFrom: ['consul', 'nomad'] }

test.each([
  [{}, [], BOTH, ['consul', 'nomad']],
  [{}, ['http://127.0.0.1:8500'], BOTH, ['nomad']],
  [{ CONSUL_HTTP_ADDR: '' }, ['http://127.0.0.1:4646'], BOTH, ['consul']],
  [{}, ['http://127.0.0.1:4646', 'http://127.0.0.1:8500'], BOTH, []],
  // One that is named is spoken of, there or not.
  [{ NOMAD_ADDR: '127.0.0.1:4646' }, [], BOTH, ['consul']],
  [{ CONSUL_HTTP_ADDR: 'c:1', CONSUL_HTTP_SSL: 'true', CONSUL_HTTP_TOKEN: 't', NOMAD_ADDR: 'https://n:2/', NOMAD_NAMESPACE: 'shop' }, [], { registries: { consul: { address: 'https://c:1', token: 't' }, nomad: { address: 'https://n:2', namespaces: ['shop'] } }, routesFrom: ['consul', 'nomad'] }, []],
])('%j where %j answer: both are asked, and these are looked for', async (env, answering, expected, lookedFor) => {
  const { document, lookedFor: found, lines } = await find(env, ...answering)
  expect([document, found]).toEqual([{ listen: '8080', ...expected }, lookedFor])
  expect(lines.at(-1)).toContain(lookedFor.length === 2 ? 'nothing to take routes from yet' : 'no file: every service')
})

const TLS = (prefix: string): Record<string, string> => ({ [`${prefix}_CACERT`]: 'ca.pem', [`${prefix}_CLIENT_CERT`]: 'cert.pem', [`${prefix}_CLIENT_KEY`]: '/k/key.pem', [`${prefix}_TLS_SERVER_NAME`]: 'server.dc1.consul' })
const tls = { ca: 'ca.pem', cert: 'cert.pem', key: '/k/key.pem', serverName: 'server.dc1.consul' }

test.each<readonly [string, Record<string, string>, string, object]>([
  ['consul', { CONSUL_HTTP_ADDR: 'https://c:8501', ...TLS('CONSUL') }, 'https://c:8501', { tls }],
  ['consul', { CONSUL_HTTP_ADDR: 'c:8501', CONSUL_HTTP_SSL: '1', CONSUL_CACERT: 'ca.pem' }, 'https://c:8501', { tls: { ca: 'ca.pem' } }],
  ['consul', { CONSUL_HTTP_ADDR: 'https://c:8501', CONSUL_HTTP_SSL_VERIFY: 'false' }, 'https://c:8501', { tls: { verify: false } }],
  ['consul', { CONSUL_HTTP_ADDR: 'https://c:8501', CONSUL_HTTP_SSL_VERIFY: 'true' }, 'https://c:8501', {}],
  ['consul', { CONSUL_HTTP_ADDR: 'c:8501', CONSUL_HTTP_SSL: 'no' }, 'http://c:8501', {}],
  // Without TLS they mean nothing, as for its own tools.
  ['consul', { CONSUL_HTTP_ADDR: 'c:8500', ...TLS('CONSUL') }, 'http://c:8500', {}],
  ['consul', { CONSUL_HTTP_ADDR: '[::1]:8500', CONSUL_PARTITION: 'p', CONSUL_NAMESPACE: 'n', CONSUL_HTTP_TOKEN_FILE: '/t' }, 'http://[::1]:8500', { partition: 'p', namespace: 'n', tokenFile: '/t' }],
  ['nomad', { NOMAD_ADDR: 'https://n:4646', ...TLS('NOMAD'), NOMAD_SKIP_VERIFY: 'true' }, 'https://n:4646', { tls: { ...tls, verify: false } }],
  ['nomad', { NOMAD_ADDR: 'https://n:4646', NOMAD_SKIP_VERIFY: 'f' }, 'https://n:4646', {}],
  ['nomad', { NOMAD_ADDR: 'unix:///secrets/api.sock', NOMAD_REGION: 'eu' }, 'unix:///secrets/api.sock', { region: 'eu' }],
])('%s: %j', async (name, env, address, more) => {
  const { document } = await find(env)
  expect(document).toEqual({ ...BOTH, listen: '8080', registries: { ...BOTH.registries, [name]: { address, ...more } } })
  expect(parseConfig(JSON.stringify(document), { file: '', env: {}, adapters }).problems).toEqual([])
})

test('a socket of Consul, and a folder of authorities, are told of', async () => {
  expect(await find({ CONSUL_HTTP_ADDR: 'unix:///run/consul.sock' }, 'http://127.0.0.1:4646')).toEqual({ lookedFor: [], lines: ['CONSUL_HTTP_ADDR=unix:///run/consul.sock is a socket; a Consul agent is asked over HTTP alone: give its port, such as 127.0.0.1:8500'] })
  const folder = 'CONSUL_CAPATH is not read: put the certificates of its authorities into one file, and name that in CONSUL_CACERT'
  expect((await find({ CONSUL_HTTP_ADDR: 'https://c:8501', CONSUL_CAPATH: '/ca' })).lines).toContain(folder)
  expect((await find({ CONSUL_HTTP_ADDR: 'https://c:8501', CONSUL_CAPATH: '/ca', CONSUL_CACERT: 'ca.pem' })).lines).not.toContain(folder)
})

test('who listens is there, whatever it says; who does not is not', async () => {
  const key = await readFile(new URL('../../fixtures/tls/engine/alpha-key.pem', import.meta.url))
  const cert = await readFile(new URL('../../fixtures/tls/engine/alpha.pem', import.meta.url))
  const servers = [http.createServer((_, response) => response.writeHead(403).end()), https.createServer({ key, cert })]
  const ports = await Promise.all(servers.map((server) => new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))))
  const [plain = 0, secure = 0] = ports
  const found = await findNeighbours({ CONSUL_HTTP_ADDR: `127.0.0.1:${plain}`, NOMAD_ADDR: `https://127.0.0.1:${secure}` }, '8080')
  for (const server of servers) await new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)))
  expect(found.lines.slice(0, 2)).toEqual([`found a Consul agent at http://127.0.0.1:${plain} (CONSUL_HTTP_ADDR)`, `found a Nomad agent at https://127.0.0.1:${secure} (NOMAD_ADDR)`])
  const none = await findNeighbours({ CONSUL_HTTP_ADDR: `127.0.0.1:${plain}`, NOMAD_ADDR: `https://127.0.0.1:${secure}` }, '8080')
  expect(none.lines[0]).toBe(`no answer from a Consul agent at http://127.0.0.1:${plain} (CONSUL_HTTP_ADDR); it is asked again until there is one`)
})
