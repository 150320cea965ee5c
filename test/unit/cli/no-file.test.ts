// A start without a file: what the environment of Consul's and Nomad's own tools comes to.
import { expect, test } from 'vitest'
import { adapters } from '../../../discovery/list.ts'
import { findNeighbours } from '../../../src/cli/no-file.ts'
import { parseConfig } from '../../../src/config/parse.ts'

const find = (env: Readonly<Record<string, string>>, ...answering: string[]): ReturnType<typeof findNeighbours> =>
  findNeighbours(env, '8080', (url) => Promise.resolve(answering.some((address) => url.startsWith(address))))

test.each([
  [{}, [], undefined],
  [{}, ['http://127.0.0.1:8500'], { registries: { consul: { address: 'http://127.0.0.1:8500' } }, routesFrom: ['consul'] }],
  [{ CONSUL_HTTP_ADDR: '' }, ['http://127.0.0.1:4646'], { registries: { nomad: { address: 'http://127.0.0.1:4646' } }, routesFrom: ['nomad'] }],
  [{ CONSUL_HTTP_ADDR: 'c:1', CONSUL_HTTP_SSL: 'true', CONSUL_HTTP_TOKEN: 't', NOMAD_ADDR: 'https://n:2/', NOMAD_NAMESPACE: 'shop' }, [], { registries: { consul: { address: 'https://c:1', token: 't' }, nomad: { address: 'https://n:2', namespaces: ['shop'] } }, routesFrom: ['consul', 'nomad'] }],
])('%j where %j answer', async (env, answering, expected) => {
  const { document, lines } = await find(env, ...answering)
  expect(document).toEqual(expected === undefined ? undefined : { listen: '8080', ...expected })
  expect(lines.join()).toContain(expected === undefined ? 'nothing to take routes from' : 'no file: every service')
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
  expect(document).toEqual({ listen: '8080', registries: { [name]: { address, ...more } }, routesFrom: [name] })
  expect(parseConfig(JSON.stringify(document), { file: '', env: {}, adapters }).problems).toEqual([])
})

test('a socket of Consul, and a folder of authorities, are told of', async () => {
  expect(await find({ CONSUL_HTTP_ADDR: 'unix:///run/consul.sock' }, 'http://127.0.0.1:4646')).toEqual({ lines: ['CONSUL_HTTP_ADDR=unix:///run/consul.sock is a socket; a Consul agent is asked over HTTP alone: give its port, such as 127.0.0.1:8500'] })
  const folder = 'CONSUL_CAPATH is not read: put the certificates of its authorities into one file, and name that in CONSUL_CACERT'
  expect((await find({ CONSUL_HTTP_ADDR: 'https://c:8501', CONSUL_CAPATH: '/ca' })).lines).toContain(folder)
  expect((await find({ CONSUL_HTTP_ADDR: 'https://c:8501', CONSUL_CAPATH: '/ca', CONSUL_CACERT: 'ca.pem' })).lines).not.toContain(folder)
})
