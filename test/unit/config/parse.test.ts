// Whole documents: the examples of the documentation, and one with every kind of mistake against its golden problems.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Problem } from '../../../src/model/store.ts'
import { namesOfGateway } from '../../../src/config/names.ts'
import { parseConfig, parseTable, type ParseOptions } from '../../../src/config/parse.ts'
import type { Config } from '../../../src/model/config.ts'

const consul = { type: 'consul', schema: z.strictObject({ address: z.string().optional(), token: z.string().optional() }), ref: { options: { tag: '', dc: '' } } }
const file = { type: 'file', schema: z.strictObject({ path: z.string() }) }
const options: ParseOptions = { file: '/etc/fairlead/fairlead.yaml', env: { CONSUL_HTTP_TOKEN: 'secret' }, adapters: [consul, file] }

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/config/${name}`, import.meta.url), 'utf8')
}

function print({ line, column, severity, path, message, hint }: Problem): string {
  return `${line}:${column} ${severity} ${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

test('paths in the options of a registry are relative to the configuration file', () => {
  const shop = { type: 'shop', schema: z.strictObject({ tokenFile: z.string().optional(), tls: z.object({ ca: z.string(), serverName: z.string() }).optional() }), paths: ['tokenFile', 'tls.ca', 'tls.cert'] }
  const registries = `
    a: { type: shop, tokenFile: token, tls: { ca: ../ca.pem, serverName: a.pem } }
    b: { type: shop, tokenFile: /run/token }
    c: { type: shop }`
  const { config, problems } = parseConfig(`listen: 8080\nregistries:${registries}\nroutes: [{ match: /**, to: a/words }]`, { ...options, adapters: [shop] })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(config?.registries.map((registry) => registry.options)).toEqual([{ tokenFile: '/etc/fairlead/token', tls: { ca: '/etc/fairlead/../ca.pem', serverName: 'a.pem' } }, { tokenFile: '/run/token' }, {}])
})

test.each([['', undefined], ['stateMaxAge: 24h\n', 86_400_000], ['stateMaxAge: 0s\n', undefined]])('a limit to the age of what the last run knew: %j', (line, wanted) => {
  expect(parseConfig(`listen: 8080\n${line}routes: [{ match: /**, to: http://127.0.0.1:1 }]`, options).config?.stateMaxAge).toBe(wanted)
})

describe('the examples of the documentation', () => {
  test('the smallest file', () => {
    const { config, problems } = parseConfig(fixture('smallest.yaml'), options)
    expect(problems).toEqual([])
    expect(config?.listeners).toMatchObject([{ name: 'http', port: 8080, limits: { headTimeout: 10_000, headBytes: 65_536 } }])
    expect(config?.registries).toEqual([{ name: 'consul', type: 'consul', options: {} }])
    expect(config?.table.services).toEqual([{ name: 'consul/words', from: ['consul/words'], endpoints: [], subsets: {}, balance: { kind: 'peak-ewma' }, connectTimeout: 1000, maxConnections: 1024 }])
    expect(config?.table.routes).toMatchObject([{ name: 'route-1', priority: 0, timeout: 15_000, upgrade: true, action: { kind: 'forward', to: [{ service: 'consul/words', weight: 1 }] } }])
    expect(config?.table.routes[0]?.match).toEqual([{ host: [{ kind: 'exact', host: 'words.example.com' }], path: [{ kind: 'template', segments: [], rest: true }] }])
  })

  test('the fuller file', () => {
    const { config, problems } = parseConfig(fixture('fuller.yaml'), options)
    expect(problems.map(print)).toEqual([])
    expect(config?.listeners[1]?.tls).toEqual({ certificates: [{ cert: '/etc/fairlead/server.pem', key: '/etc/fairlead/server.key' }], clientCa: '/etc/fairlead/ca.pem', requireClientCert: true, minVersion: 'TLSv1.2' })
    expect(config?.registries[0]?.options).toEqual({ address: 'http://127.0.0.1:8500', token: 'secret' })
    expect(config?.store).toEqual({ redis: 'redis://127.0.0.1:6379', prefix: 'fairlead' })
    expect(config?.table.callers).toEqual([
      { name: 'simon', spiffe: ['spiffe://dc1/svc/simon'], cidr: [] },
      { name: 'billing-vm', spiffe: [], cidr: ['10.1.2.0/24'] },
    ])
    expect(config?.table.services[0]).toMatchObject({ from: ['consul/words', 'consul/words?dc=dc2'], merge: true, subsets: { v1: { tags: ['v1'], meta: {} }, v2: { tags: [], meta: { version: '2' } } } })
    expect(config?.table.routes[1]).toMatchObject({
      action: { kind: 'forward', to: [{ service: 'words', subset: 'v1', weight: 95 }, { service: 'words', subset: 'v2', weight: 5 }] },
      match: [{ method: ['GET', 'HEAD'], source: [{ kind: 'caller', name: 'simon' }, { kind: 'cidr', cidr: '10.0.0.0/8' }] }],
      timeout: 2000,
      retry: { attempts: 2, on: ['connect', 'reset', '5xx'], perTry: 500 },
      tests: [{ method: 'GET', url: 'words.example.com/one', from: 'simon', expect: ['words/v1', 'words/v2'] }],
    })
  })
})

describe('mistakes', () => {
  test('all are reported at once, each with its place and the right spelling', async () => {
    const { config, problems } = parseConfig(fixture('wrong.yaml'), options)
    expect(config).toBeUndefined()
    await expect(`${problems.map(print).join('\n')}\n`).toMatchFileSnapshot('../../fixtures/config/wrong.problems.txt')
  })
})

describe('a table apart from its gateway', () => {
  test('holds callers, services and routes only', () => {
    const { table, problems } = parseTable('{"version": 1, "services": {"words": {"from": "consul/words"}}, "routes": [{"match": "/**", "to": "words"}]}', { file: '' })
    expect(problems).toEqual([])
    expect(table?.routes).toHaveLength(1)
    expect(parseTable('listen: 80\nroutes: [{match: /**, to: words/x}]', { file: '' }).problems.map(print)).toMatchInlineSnapshot(`
      [
        "1:1 error listen: 'listen' is not part of a table (it belongs into the configuration of the gateway; a table holds callers, services and routes)",
      ]
    `)
  })

  test('a misspelt key of a gateway is told apart from one of a table', () => {
    expect(parseTable('lisen: 80\nroutes: [{match: /**, to: words/x}]', { file: '' }).problems.map(print)).toEqual(["1:1 error lisen: unknown key 'lisen' (did you mean listen? That belongs into the configuration of the gateway; a table holds callers, services and routes)"])
    expect(parseTable('rotues: 80\nroutes: [{match: /**, to: words/x}]', { file: '' }).problems.map(print)).toEqual(["1:1 error rotues: unknown key 'rotues' (did you mean routes?)"])
  })

  test('is not blanked by accident', () => {
    expect(parseTable('callers: {}', { file: '' }).problems.map(print)).toEqual(['1:1 error : no routes (to have none on purpose write routes: [] and allowEmpty: true)'])
    const none = { callers: [], services: [], routes: [] }
    expect(parseTable('{"routes": []}', { file: '' })).toEqual({ table: none, problems: [], allowEmpty: false })
    expect(parseTable('{"routes": [], "allowEmpty": true}', { file: '' })).toEqual({ table: none, problems: [], allowEmpty: true })
  })

  test('can be taken out of a whole configuration', () => {
    const { table, problems } = parseTable(fixture('fuller.yaml'), { file: '', ofConfig: true, env: { CONSUL_HTTP_TOKEN: 'x' } })
    expect(problems).toEqual([])
    expect(table).toEqual(parseConfig(fixture('fuller.yaml'), options).config?.table)
  })
})

describe('a table that a running gateway is offered', () => {
  const written = (more: string, to: string, match = '/**'): string => `listen: 8080\nregistries: { consul: {}${more} }\nroutes: [{ match: ${match}, to: ${to} }]`
  const started = parseConfig(written('', 'consul/words'), options).config as Config
  const gateway = namesOfGateway(started, [consul, file])
  const offered = (text: string): string[] => parseTable(text, { file: '', ofConfig: true, env: {}, ...gateway }).problems.map(print)

  test('is refused for what check refuses: an option that the registry does not know', () => {
    const problem = "error routes[0].to: 'consul/words?tga=v2': the registry consul knows no option 'tga' (did you mean tag?)"
    const text = written('', 'consul/words?tga=v2')
    expect(parseConfig(text, options).problems.map(print)).toEqual([`3:28 ${problem}`])
    expect(offered(text)).toEqual([`3:28 ${problem}`])
    expect(offered(written('', 'consul/words?tag=v2'))).toEqual([])
    // From Redis.
    expect(parseTable('routes: [{ match: /**, to: consul/words?tga=v2 }]', { file: '', ...gateway }).problems.map(print)).toEqual([`1:28 ${problem}`])
    // Before it is published, out of a whole configuration and away from its gateway.
    expect(parseTable(text, { file: '', ofConfig: true, adapters: [consul] }).problems.map(print)).toEqual([`3:28 ${problem}`])
  })

  test('is refused with what to do about it, where it names what the gateway was not started with', () => {
    const more = ', files: { type: file, path: x }'
    expect(parseConfig(written(more, 'files/words'), options).problems).toEqual([])
    expect(offered(written(more, 'files/words'))).toEqual(["3:28 error routes[0].to: the registry 'files' is new in this file: restart the gateway to use it"])
    expect(offered(written('', 'flies/words'))).toEqual(["3:28 error routes[0].to: there is no registry 'flies' (known: consul)"])
    const listeners = 'listeners: { http: { port: 1 }, inner: { port: 2 } }\nregistries: { consul: {} }\nroutes: [{ match: { listener: inner }, to: consul/words }]'
    expect(offered(listeners)).toEqual(["3:31 error routes[0].match.listener: the listener 'inner' is new in this file: restart the gateway to open it"])
  })

  test('comes with what its file says of the gateway, the same at a start and later, references to the environment as they are', () => {
    const text = 'listen: 8080\nregistries: { consul: { token: "${CONSUL_HTTP_TOKEN}" } }\nroutes: [{ match: /**, to: consul/words }]'
    const { config, gateway: atStart } = parseConfig(text, options)
    expect(config?.registries[0]?.options).toEqual({ token: 'secret' })
    expect(atStart).toEqual({ listen: 8080, registries: { consul: { token: '${CONSUL_HTTP_TOKEN}' } } })
    expect(parseTable(text, { file: '', ofConfig: true, env: {}, ...gateway }).gateway).toEqual(atStart)
  })

  test('is refused where it names what the file no longer has: the next start would fail', () => {
    expect(offered('listen: 8080\nroutes: [{ match: /**, to: consul/words }]')).toEqual(["2:28 error routes[0].to: there is no registry 'consul' (none is defined)"])
  })
})
