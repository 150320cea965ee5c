// One mistake a row: what is said of it, where, and what to write instead. And the shapes that are right, in normal form.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import type { Config } from '../../../src/model/config.ts'
import { formatProblem } from '../../../src/config/compile.ts'
import { parseConfig, parseTable, type ParseOptions } from '../../../src/config/parse.ts'

const adapters = [
  { type: 'consul', schema: z.strictObject({ address: z.string().optional(), token: z.string().optional() }), ref: { options: { tag: '', dc: '' } } },
  { type: 'file', schema: z.strictObject({ path: z.string() }) },
]
const options: ParseOptions = { file: '/etc/fairlead.yaml', env: { PORT: '8081', TOKEN: '12345' }, adapters }

/** A document that is right but for the lines put into it. */
const AROUND = { listen: 'listen: 8080', registries: 'registries: { consul: {} }', routes: 'routes: [{ match: /**, to: consul/words }]' }

function problemsOf(part: Partial<Record<keyof typeof AROUND | 'more', string>>): string {
  const text = Object.values({ ...AROUND, ...part }).filter((line) => line !== '').join('\n')
  const { config, problems } = parseConfig(text, options)
  expect(config === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
  return problems.map(formatProblem).join('\n')
}

function parsed(part: Partial<Record<keyof typeof AROUND | 'more', string>>): Config {
  const { config, problems } = parseConfig(Object.values({ ...AROUND, ...part }).filter((line) => line !== '').join('\n'), options)
  expect(problems.map(formatProblem)).toEqual([])
  if (config === undefined) throw new Error('no config')
  return config
}

const route = (rest: string): string => `routes: [{ match: /**, ${rest} }]`
const match = (rest: string): string => `routes: [{ to: consul/words, match: ${rest} }]`

test('a tab: what to indent with', () => {
  expect(problemsOf({ routes: 'routes:\n\t- match: /**' })).toBe('4:1 the text is not YAML: Tabs are not allowed as indentation (indent with spaces)')
})

describe('a star without quotes', () => {
  test.each([
    [match('*.example.com/**'), "3:37 the alias *.example.com/** has no anchor &.example.com/** before it (put it in quotes: '*.example.com/**')"],
    [match('{ host: *.example.com, path: /x }'), "3:45 the alias *.example.com has no anchor &.example.com before it (put it in quotes: '*.example.com')"],
    [match('{ host: [a.test, *.example.com] }'), "3:54 the alias *.example.com has no anchor &.example.com before it (put it in quotes: '*.example.com')"],
    [match('*/users/{id}/**'), "3:37 the alias */users/{id}/** has no anchor &/users/{id}/** before it (put it in quotes: '*/users/{id}/**')"],
    ['routes:\n  - to: consul/words\n    match: *.example.com/**', "5:12 the alias *.example.com/** has no anchor &.example.com/** before it (put it in quotes: '*.example.com/**')"],
  ])('%s', (routes, problem) => {
    expect(problemsOf({ routes })).toBe(problem)
  })

  test('hides no other problem, and is not reported twice', () => {
    expect(problemsOf({ listen: 'listen: *8080', routes: 'routes: [{ match: *.example.com/**, to: consl/words }, { match: *.a.test, to: *words }]' }).split('\n')).toEqual([
      '1:9 the alias *8080 has no anchor &8080 before it',
      "3:19 the alias *.example.com/** has no anchor &.example.com/** before it (put it in quotes: '*.example.com/**')",
      "3:41 routes[0].to: there is no registry 'consl' (did you mean consul?)",
      "3:65 the alias *.a.test has no anchor &.a.test before it (put it in quotes: '*.a.test')",
      '3:79 the alias *words has no anchor &words before it',
    ])
  })

  test('many are not each a problem', () => {
    const hosts = Array.from({ length: 1000 }, (_, i) => `*.h${i}.test`).join(', ')
    expect(problemsOf({ routes: match(`{ host: [${hosts}] }`) }).split('\n')).toHaveLength(20)
  })
})

describe('the gateway', () => {
  test.each<[Parameters<typeof problemsOf>[0], string]>([
    [{ listen: '' }, '1:1 no listener: nothing could reach this gateway (write listen: 8080)'],
    [{ listen: 'listen: 99999' }, '1:9 listen: must be at most 65535'],
    [{ listen: 'listen: web' }, "1:9 listen: 'web' is not host:port (write 10.0.0.1:80, name:80 or [::1]:80)"],
    [{ more: 'listeners: { web: { port: 1 } }' }, '1:1 listen: listen and listeners are both given (move the port into listeners)'],
    [{ listen: 'listeners: { web: { port: 8080, kind: egress } }' }, "1:33 listeners.web.kind: unknown key 'kind' (known: port, host, tls, trustedProxies, proxyProtocol, limits)"],
    [{ listen: 'listeners: { web: { port: 443, tls: { cert: a.pem } } }' }, '1:37 listeners.web.tls: certificates are not whole (give cert and key, or certificates: [{cert, key}, …])'],
    [{ listen: 'listeners: { web: { port: 443, tls: { cert: a, key: b, requireClientCert: true } } }' }, '1:75 listeners.web.tls.requireClientCert: client certificates cannot be checked without clientCa'],
    [{ listen: 'listeners: { web: { port: 1, limits: { headTimeout: 10 } } }' }, '1:53 listeners.web.limits.headTimeout: expected text, got the number 10 (add a unit: 10ms or 10s)'],
    [{ listen: 'listeners: { web: { port: 1, trustedProxies: [10.1.1.1/8] } }' }, "1:47 listeners.web.trustedProxies[0]: '10.1.1.1/8' has bits after its prefix (write 10.0.0.0/8, or 10.1.1.1/32 for this address alone)"],
    [{ listen: 'listeners: { "__proto__x/": { port: 1 } }' }, "1:14 listeners[\"__proto__x/\"]: '__proto__x/' is not a name (letters, digits, . _ and -, beginning with a letter or digit)"],
    [{ listen: 'listeners: { constructor: { port: 1 } }' }, "1:14 listeners.constructor: 'constructor' is reserved (choose another name)"],
    [{ registries: 'registries: { nomad: {}, consul: {} }' }, "2:15 registries.nomad: 'nomad' is no registry type, and the registry does not say another (known types: consul, file; or give it a type: consul)"],
    [{ registries: 'registries: { consul: { type: eureka } }' }, "2:31 registries.consul.type: there is no registry type 'eureka' (known types: consul, file)"],
    [{ registries: 'registries: { consul: { type: consl } }' }, "2:31 registries.consul.type: there is no registry type 'consl' (did you mean consul?)"],
    [{ registries: 'registries: { consul: {}, files: { type: file } }' }, '2:34 registries.files.path: path is missing (it is text)'],
    [{ registries: 'registries: { consul: { adress: x } }' }, "2:25 registries.consul.adress: unknown key 'adress' (did you mean address?)"],
    [{ more: 'store: { redis: http://x }' }, '4:17 store.redis: not the URL of a Redis (write redis://127.0.0.1:6379 or rediss://…)'],
    [{ more: 'admin: { port: ${NOPE} }' }, '4:16 admin.port: the environment variable NOPE is not set (set it, or give a default: ${NOPE:-…})'],
    [{ more: 'admin: { port: ${PROT:-x} }' }, "4:16 admin.port: 'x' is not a whole number"],
    [{ more: 'accessLog: jsn' }, "4:12 accessLog: 'jsn' is not one of the values here (did you mean json?)"],
    [{ more: 'drainTimeout: soon' }, "4:15 drainTimeout: 'soon' is not a duration (write a number with ms, s, m or h: 250ms, 2s, 5m)"],
    [{ more: 'version: 2' }, "4:10 version: '2' is not one of the values here (known: 1)"],
    [{ more: 'workers: 1.5' }, '4:10 workers: expected a whole number, got the number 1.5'],
    [{ more: 'store: { redis: redis://a, prefix: "{x}" }' }, '4:36 store.prefix: prefix "{x}" cannot be used: write 1 to 64 of A-Z a-z 0-9 . _ : / -, for example "fairlead"'],
    [{ listen: 'listeners: { web: { port: 1, limits: { lineBytes: 0B, headBytes: 0 } } }' }, '1:51 listeners.web.limits.lineBytes: 0B is too little (at least 64B)\n1:66 listeners.web.limits.headBytes: expected text, got the number 0 (at least 64B)'],
    [{ listen: 'listeners: { web: { port: 1, limits: { lineBytes: 63B } } }' }, '1:51 listeners.web.limits.lineBytes: 63B is too little (at least 64B)'],
    [{ listen: "listeners: { web: { port: 1, host: '[web]' } }" }, "1:36 listeners.web.host: '[web]' is no address and no name (write 127.0.0.1, ::1 or localhost)"],
    [{ more: 'admin: { host: http://a }' }, "4:16 admin.host: 'http://a' is no address and no name (write 127.0.0.1, ::1 or localhost)"],
    [{ routes: '' }, '1:1 no routes (to have none on purpose write routes: [] and allowEmpty: true)'],
    [{ routes: 'routes: []' }, '3:9 routes: no routes (to have none on purpose write routes: [] and allowEmpty: true)'],
    [{ routes: 'routes:' }, '3:8 routes: no value; it is a list'],
    [{ routes: 'routes: {}' }, '3:9 routes: expected a list, got a map'],
  ])('%j', (part, problem) => {
    expect(problemsOf(part)).toBe(problem)
  })
})

describe('services and callers', () => {
  test.each([
    ['services: { consul: { from: consul/x } }', "4:13 services.consul: 'consul' is both a service and a registry (rename one: a destination could not tell them apart)"],
    ['services: { words: { from: consl/x } }', "4:28 services.words.from: there is no registry 'consl' (did you mean consul?)"],
    ['services: { words: { from: [consul/x, consul/x?tga=v2] } }', "4:39 services.words.from[1]: 'consul/x?tga=v2': the registry consul knows no option 'tga' (did you mean tag?)"],
    ['services: { words: { balance: random } }', '4:20 services.words: give either from or endpoints'],
    ['services: { words: { from: consul/x, health: { path: /h } } }', "4:38 services.words.health: unknown key 'health' (known: from, merge, endpoints, subsets, balance, tls, connectTimeout, maxConnections, proxyProtocol)"],
    ['services: { words: { endpoints: [10.0.0.1] } }', "4:34 services.words.endpoints[0]: '10.0.0.1' is not host:port (write 10.0.0.1:80, name:80 or [::1]:80)"],
    ['services: { words: { endpoints: [{ host: a, prot: 1 }] } }', "4:34 services.words.endpoints[0].port: port is missing (it is a whole number)\n4:45 services.words.endpoints[0].prot: unknown key 'prot' (did you mean port?)"],
    ['services: { words: { from: consul/x, balance: ring-hash } }', '4:47 services.words.balance: ring-hash needs to know what to hash (write { kind: ring-hash, by: source } or by: { header: x-user })'],
    ['services: { words: { from: consul/x, balance: roundrobin } }', "4:47 services.words.balance: 'roundrobin' is not one of the values here (did you mean round-robin?)"],
    ['services: { words: { from: consul/x, subsets: { v1: {} } } }', '4:53 services.words.subsets.v1: a subset needs tags or meta'],
    ['services: { words: { from: consul/x, subsets: { v1: { meta: { version: 2 } } } } }', "4:72 services.words.subsets.v1.meta.version: expected text, got the number 2 (put it in quotes: '2')"],
    ["services: { words: { from: consul/x, balance: { kind: maglev, by: { header: 'x user' } } } }", "4:77 services.words.balance.by.header: 'x user' is not the name of a header or a cookie"],
    ["services: { words: { from: consul/x, balance: { kind: maglev, by: { cookie: 'a=b' } } } }", "4:77 services.words.balance.by.cookie: 'a=b' is not the name of a header or a cookie"],
    ['services: { words: { from: consul/x, tls: { cert: a.pem } } }', '4:43 services.words.tls: cert and key come together'],
    ['callers: { simon: {} }', '4:19 callers.simon: a caller needs spiffe or cidr'],
    ['callers: { simon: { spiffe: simon } }', "4:29 callers.simon.spiffe: 'simon' is not an URI name (write spiffe://domain/path)"],
  ])('%s', (more, problem) => {
    expect(problemsOf({ more })).toBe(problem)
  })
})

describe('routes', () => {
  test.each([
    [match('{}'), '3:37 routes[0].match: no condition at all (write /** to match every request)'],
    [match('{ header: { x: y } }'), "3:39 routes[0].match.header: unknown key 'header' (did you mean headers?)"],
    [match('{ host: [] }'), '3:45 routes[0].match.host: the list is empty'],
    [match('{ headers: { x-version: 1.0 } }'), "3:61 routes[0].match.headers.x-version: expected true or false or text or a list, got the number 1 (put it in quotes: '1.0')"],
    [match('{ headers: { "x y": z } }'), "3:57 routes[0].match.headers[\"x y\"]: 'x y' is not a field name"],
    [match('{ headers: { X-A: a, x-a: b } }'), '3:63 routes[0].match.headers.x-a: x-a stands twice (give a list of values)'],
    [match('{ source: [simon] }'), "3:47 routes[0].match.source: there is no caller 'simon' (none is defined)"],
    [match('{ listener: web }'), "3:49 routes[0].match.listener: there is no listener 'web' (known: http)"],
    [match("{ when: { from: '22:00' } }"), '3:45 routes[0].match.when: from and to come together'],
    [match("{ when: { after: '2026-01-01', before: '2026-01-02', days: [sun] } }"), '3:45 routes[0].match.when: no moment between after and before is in the hours and on the days: the window is empty'],
    [match("{ when: { after: '2026-01-01T10:00:00Z', before: '2026-01-01T11:00:00Z', from: '12:00', to: '13:00' } }"), '3:45 routes[0].match.when: no moment between after and before is in the hours and on the days: the window is empty'],
    [match("{ when: { from: '24:00', to: '00:00' } }"), '3:45 routes[0].match.when: from and to are the same time: the window is empty'],
    [match("'GET|POST /x'"), "3:37 routes[0].match: 'GET|POST' would be one method of that name (write GET,POST, or a list)"],
    [match("{ method: '*', path: /x }"), "3:47 routes[0].match.method: '*' would be a method of that name (leave the methods out to match every one)"],
    [match("{ method: VERYLONGMETHODWITHMORETHAN32LETTERS, path: /x }"), "3:47 routes[0].match.method: 'VERYLONGMETHODWITHMORETHAN32LETTERS' is not a method (write GET, POST …)"],
    [match('{ when: { days: [mo] } }'), "3:54 routes[0].match.when.days[0]: 'mo' is not one of the values here (did you mean mon?)"],
    [match('{ host: a, any: [{ host: b }, /x] }'), '3:54 routes[0].match.any[0]: host is given here and beside any (write it in one place)'],
    [match('[/a, /b]'), '3:37 routes[0].match: expected text or a map, got a list (write alternatives as { any: [ … ] })'],
    [match('3'), "3:37 routes[0].match: expected text or a map, got the number 3 (put it in quotes: '3')"],
    [route('to: wrods'), "3:28 routes[0].to: there is no service 'wrods' (known: consul/…)"],
    [route('to: [consul/a, { service: consul/b, weight: 5% }]'), '3:28 routes[0].to: shares and plain weights are mixed (give every destination a share, or none)'],
    [route('to: [{ service: consul/a, weight: 90% }, { service: consul/b, weight: 5% }]'), '3:28 routes[0].to: the shares add up to 95% (they must add up to 100%)'],
    [route('to: [{ service: consul/a, weight: 0 }]'), '3:28 routes[0].to: the weights sum to nothing: no request could go anywhere (give at least one destination a weight above 0)'],
    [route('to: [{ service: consul/a, weight: 0.5 }, { service: consul/b, weight: 0.125 }]'), '3:58 routes[0].to[0].weight: expected a whole number, got the number 0.5 (write shares: 50%)\n3:94 routes[0].to[1].weight: expected a whole number, got the number 0.125 (write shares: 12.5%)'],
    [route('to: [{ service: consul/a, weight: 1.5 }]'), '3:58 routes[0].to[0].weight: expected a whole number, got the number 1.5 (write whole numbers, or shares: 50%)'],
    [route('to: consul/a, priority: 1.5'), '3:48 routes[0].priority: expected a whole number, got the number 1.5'],
    [route("redirect: { location: /x, status: '305' }"), "3:58 routes[0].redirect.status: '305' is not one of the values here (known: 301, 302, 303, 307, 308)"],
    [route("to: consul/a, rewrite: { host: 'a:99999' }"), "3:55 routes[0].rewrite.host: 'a:99999' has no port from 1 to 65535"],
    [route("to: consul/a, rewrite: { host: 'a:0' }"), "3:55 routes[0].rewrite.host: 'a:0' has no port from 1 to 65535"],
    [route('to: consul/a, retry: { on: 503 }'), "3:51 routes[0].retry.on: '503' is not one of the values here (known: connect, reset, timeout, 5xx, gateway-error, 429)"],
    [route('to: [{ service: consul/a, weight: 70000 }]'), '3:58 routes[0].to[0].weight: must be at most 65535'],
    [route('to: consul/a, redirect: /x'), '3:10 routes[0]: the route goes to more than one place (give one of to, redirect and respond)'],
    [route('name: x'), '3:10 routes[0]: the route goes nowhere (give one of to, redirect and respond)'],
    [route('redirect: { location: /x, status: 300 }'), "3:58 routes[0].redirect.status: '300' is not one of the values here (known: 301, 302, 303, 307, 308)"],
    ...['204', '205', "'304'"].map((status) => [route(`respond: { status: ${status}, body: gone }`), `3:${51 + status.length} routes[0].respond.body: an answer with status ${status.replaceAll("'", '')} has no body (leave out the body, or answer with 200)`]),
    [route('to: consul/a, rewrite: { path: v2 }'), "3:55 routes[0].rewrite.path: the path 'v2' does not begin with a slash (write /v2)"],
    [route('to: consul/a, rewrite: { path: "/{id}" }'), '3:55 routes[0].rewrite.path: {id} is not captured by every path of this route'],
    [route('to: consul/a, requestHeaders: { set: { x-id: {id} } }'), "3:69 routes[0].requestHeaders.set.x-id: expected text or a list, got a map (put captures in quotes: '{id}')"],
    [route('to: consul/a, requestHeaders: { set: { Host: a } }'), '3:69 routes[0].requestHeaders.set.Host: Host is not changed as a header (write rewrite: { host: … })'],
    [route('to: consul/a, requestHeaders: { remove: Content-Length }'), '3:64 routes[0].requestHeaders.remove: Content-Length belongs to the connection, the gateway writes it (leave it out)'],
    [route('to: consul/a, responseHeaders: { add: { x: "a\\nb" } }'), '3:67 routes[0].responseHeaders.add.x: the value holds a control character (a header is one line)'],
    [route('to: consul/a, retry: { attempts: 11 }'), '3:57 routes[0].retry.attempts: must be at most 10'],
    [route('to: consul/a, retry: { on: [conect] }'), "3:52 routes[0].retry.on[0]: 'conect' is not one of the values here (did you mean connect?)"],
    [route('to: consul/a, timeout: 2'), '3:47 routes[0].timeout: expected text, got the number 2 (add a unit: 2ms or 2s)'],
    [route('to: consul/a, tests: [{ request: GET, expect: x }, { request: GET a b, expect: x }, { request: a/b }]'), "3:86 routes[0].tests[1].request: 'GET a b' is not METHOD URL (write GET words.example.com/one)\n3:108 routes[0].tests[2].expect: expect is missing (it is text or a list)"],
    ['routes: [{ name: a, match: /a, to: consul/x }, { name: a, match: /b, to: consul/x }]', '3:56 routes[1].name: two routes are named a (give each its own name)'],
    ['routes: [{ match: /a, to: consul/x, name: bad name }]', "3:43 routes[0].name: 'bad name' is not a route name (letters, digits and _ . : / @ -)"],
    ['routes: [x]', "3:10 routes[0]: expected a map, got the text 'x'"],
  ])('%s', (routes, problem) => {
    expect(problemsOf({ routes })).toBe(problem)
  })

  test('mistakes in one route do not hide those in the names of another', () => {
    expect(problemsOf({ routes: 'routes:\n  - { match: a b c, to: wrods }\n  - { match: /x, to: consl/x }\n  - { mach: /, to: consul/x }' }).split('\n')).toEqual([
      "4:14 routes[0].match: 'a b c' has more than methods and host/path (write GET,POST host/path)",
      "4:25 routes[0].to: there is no service 'wrods' (known: consul/…)",
      "5:22 routes[1].to: there is no registry 'consl' (did you mean consul?)",
      '6:5 routes[2].match: match is missing (it is text or a map)',
      "6:7 routes[2].mach: unknown key 'mach' (did you mean match?)",
    ])
  })
})

describe('normal form', () => {
  test('of a listener', () => {
    expect(parsed({ listen: "listen: '[::1]:8080'" }).listeners).toMatchObject([{ name: 'http', host: '::1', port: 8080 }])
    expect(parsed({ listen: 'listen: ${PORT}' }).listeners).toMatchObject([{ port: 8081 }])
    const [listener] = parsed({ listen: 'listeners: { web: { port: ${PORT}, trustedProxies: 10.0.0.1, tls: { certificates: [{ cert: a, key: /b }] }, limits: { headBytes: 1KiB } } }' }).listeners
    expect(listener).toMatchObject({ name: 'web', port: 8081, trustedProxies: ['10.0.0.1/32'], tls: { certificates: [{ cert: '/etc/a', key: '/b' }], requireClientCert: false }, limits: { headBytes: 1024, headTimeout: 10_000 } })
    expect(listener).not.toHaveProperty('host')
  })

  test('of hosts to listen on: IPv6 with or without brackets', () => {
    for (const host of ['::1', "'[::1]'"]) expect(parsed({ listen: `listeners: { web: { port: 1, host: ${host.replaceAll("'", '"').replace(/^::1$/, '"::1"')} } }`, more: `admin: { host: ${host.replace(/^::1$/, "'::1'")} }` })).toMatchObject({ listeners: [{ host: '::1' }], admin: { host: '::1' } })
  })

  test('of numbers as text, as they come out of the environment', () => {
    const { table } = parsed({ more: "version: '1'", routes: route("redirect: { location: /x, status: '308' }") })
    expect(table.routes[0]?.action).toEqual({ kind: 'redirect', location: '/x', status: 308 })
    expect(parsed({ routes: route("to: consul/a, retry: { on: [429, '429', 5xx] }") }).table.routes[0]?.retry?.on).toEqual(['429', '429', '5xx'])
  })

  test('of registries: a token that looks like a number stays text', () => {
    expect(parsed({ registries: 'registries:\n  consul: { token: ${TOKEN} }\n  other: { type: file, path: x }' }).registries).toEqual([
      { name: 'consul', type: 'consul', options: { token: '12345' } },
      { name: 'other', type: 'file', options: { path: 'x' } },
    ])
    expect(parsed({ registries: 'registries:\n  consul:' }).registries).toEqual([{ name: 'consul', type: 'consul', options: {} }])
  })

  test('of destinations: each becomes a service of the table, once', () => {
    const { table } = parsed({ routes: 'routes:\n  - { match: /a, to: [http://127.0.0.1:7001, "https://x.test", consul/a?dc=b&tag=c] }\n  - { match: /b, to: "consul/a?tag=c&dc=b" }' })
    expect(table.services.map(({ name, from, endpoints, tls }) => [name, from, endpoints.map(({ host, port }) => `${host} ${port}`), tls])).toEqual([
      ['http://127.0.0.1:7001', [], ['127.0.0.1 7001'], undefined],
      ['https://x.test', [], ['x.test 443'], { verify: true }],
      ['consul/a?dc=b&tag=c', ['consul/a?dc=b&tag=c'], [], undefined],
    ])
  })

  test('of shares: hundredths of a percent', () => {
    expect(parsed({ routes: route('to: [{ service: consul/a, weight: 99.5% }, { service: consul/b, weight: 0.5% }]') }).table.routes[0]?.action).toEqual({ kind: 'forward', to: [{ service: 'consul/a', weight: 9950 }, { service: 'consul/b', weight: 50 }] })
  })

  test('of a match', () => {
    const condition = '{ host: [a, "*.b"], headers: { X-A: true, x-b: false, x-c: [1a, /^2/] }, query: { Q: "" }, cookies: { c: x }, when: { days: [sun, sat], from: "22:00", to: "06:00", after: 1970-01-02 } }'
    expect(parsed({ routes: match(condition) }).table.routes[0]?.match).toEqual([
      {
        host: [{ kind: 'exact', host: 'a' }, { kind: 'suffix', suffix: 'b' }],
        headers: [
          { name: 'x-a', test: { kind: 'present' } },
          { name: 'x-b', test: { kind: 'absent' } },
          { name: 'x-c', test: { kind: 'any', of: [{ kind: 'exact', value: '1a' }, { kind: 'regex', pattern: '^2' }] } },
        ],
        query: [{ name: 'Q', test: { kind: 'any', of: [{ kind: 'exact', value: '' }] } }],
        cookies: [{ name: 'c', test: { kind: 'any', of: [{ kind: 'exact', value: 'x' }] } }],
        when: { days: [0, 6], from: 1320, to: 360, after: 86_400_000 },
      },
    ])
  })

  test('of alternatives: what stands beside any holds for each', () => {
    expect(parsed({ routes: match('{ method: GET, any: [a/x, { path: /y }] }') }).table.routes[0]?.match).toMatchObject([
      { method: ['GET'], host: [{ host: 'a' }], path: [{ segments: [{ text: 'x' }] }] },
      { method: ['GET'], path: [{ segments: [{ text: 'y' }] }] },
    ])
  })

  test.each(['redis://ann:p%40ss@r:6380/2', 'rediss://r', 'redis+sentinel://s1:26379,s2:26379/main/1', 'rediss+sentinel://s1/main', 'unix:///run/redis.sock?db=1'])('of a Redis at %s', (redis) => {
    expect(parsed({ more: `store: { redis: '${redis}' }` }).store).toEqual({ redis, prefix: 'fairlead' })
  })

  test('of actions, header rules and retries', () => {
    expect(parsed({ routes: route('redirect: "https://x/{**}"') }).table.routes[0]?.action).toEqual({ kind: 'redirect', status: 302, location: 'https://x/{**}' })
    expect(parsed({ routes: route('respond: { status: 404, body: gone, headers: { X-A: [1a, b] } }') }).table.routes[0]?.action).toEqual({ kind: 'respond', status: 404, body: 'gone', headers: [['X-A', '1a'], ['X-A', 'b']] })
    expect(parsed({ routes: route('to: consul/a, retry: {}, requestHeaders: { set: { X-A: " b " }, remove: X-C }, upgrade: false, priority: -5') }).table.routes[0]).toMatchObject({
      retry: { attempts: 1, on: ['connect', 'reset'], perTry: 0, methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'] },
      requestHeaders: { set: [['X-A', 'b']], add: [], remove: ['x-c'] },
      upgrade: false,
      priority: -5,
    })
  })
})

test('never throws, and has either a result or an error, whatever the document', () => {
  const word = fc.constantFrom('/**', '/^(/', 'words', 'consul/words', 'words/v1', 'GET /x', '5%', '2s', '10.0.0.0/8', '${X}', '__proto__', 'constructor', 'source', 'http://h', 'on', '')
  const key = fc.constantFrom('listen', 'listeners', 'registries', 'services', 'callers', 'routes', 'match', 'to', 'any', 'host', 'path', 'headers', 'from', 'endpoints', 'subsets', 'port', 'tls', 'retry', 'on', 'weight', 'service', 'when', 'tests', 'request', 'expect', 'type', 'name', 'respond', 'x', 'constructor')
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 5, withCrossShrink: true }, word, fc.integer({ min: -1, max: 70_000 }), fc.boolean(), fc.constant(null), fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(key, tie('node'), { maxKeys: 4 })),
  }))
  fc.assert(
    fc.property(fc.dictionary(key, node, { minKeys: 1, maxKeys: 6 }), (document) => {
      const text = JSON.stringify(document)
      const { config, problems } = parseConfig(text, options)
      expect(config === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
      expect(parseTable(text, { file: '' }).problems).toBeInstanceOf(Array)
      for (const { message, line } of problems) expect([message === '', line > 0]).toEqual([false, true])
    }),
    { numRuns: 400 },
  )
}, 20_000)

test('a document means the same in YAML and in JSON', () => {
  const segment = fc.stringMatching(/^[a-z0-9%]{1,4}$/)
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join('/')}`)
  const anyRoute = fc.record({ match: fc.record({ path, headers: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.oneof(fc.boolean(), fc.string({ maxLength: 4 }))) }), to: fc.constantFrom('consul/a', 'http://127.0.0.1:1') })
  fc.assert(
    fc.property(fc.array(anyRoute, { minLength: 1, maxLength: 4 }), (routes) => {
      const one = parseTable(JSON.stringify({ routes }), { file: '' })
      const other = parseTable(stringify({ routes }, { aliasDuplicateObjects: false }), { file: '' })
      expect(other.table).toEqual(one.table)
      expect(other.problems.map(({ message }) => message)).toEqual(one.problems.map(({ message }) => message))
    }),
    { numRuns: 300 },
  )
})

test('a misspelt key is not also called a missing one', () => {
  expect(problemsOf({ routes: 'routes: [{ match: /**, too: consul/x }]' })).toBe("3:24 routes[0].too: unknown key 'too' (did you mean to?)")
  expect(problemsOf({ more: 'callers: { simon: { spife: x } }' })).toBe("4:21 callers.simon.spife: unknown key 'spife' (did you mean spiffe?)")
})
