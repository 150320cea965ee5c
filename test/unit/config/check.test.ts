// What is valid and surely not meant, and the tests that a table carries.
import { describe, expect, test } from 'vitest'
import { checkTable } from '../../../src/config/check.ts'
import { compile, ConfigError, formatProblem } from '../../../src/config/compile.ts'
import { parseTable } from '../../../src/config/parse.ts'
import { decide } from '../../../src/route/decide.ts'
import { describedHead } from '../../../src/proxy/described-head.ts'
import { START } from '../../support/fake-platform.ts'

function check(text: string): string[] {
  const { table, problems } = parseTable(text, { file: '' })
  expect(problems.map(formatProblem)).toEqual([])
  if (table === undefined) throw new Error('no table')
  const checked = checkTable(table, text, { wallClock: START, listeners: [{ name: 'web', tls: false, port: 8080 }, { name: 'secure', tls: true }, { name: 'any', tls: false, port: 0 }] })
  return checked.problems.map((problem) => `${problem.severity} ${formatProblem(problem)}`)
}

describe('what is surely not meant', () => {
  test('routes that can never win, and ties', () => {
    expect(check('routes:\n  - { name: all, match: /**, to: http://a:1, priority: 1 }\n  - { name: one, match: /one, to: http://a:1 }')).toEqual([
      'warning 3:5 routes[1]: one can never win: whatever it matches, all matches too and ranks before it (remove it, make it more specific, or give it a higher priority)',
    ])
    expect(check('routes:\n  - { name: x, match: { path: /a, headers: { x: "1" } }, to: http://a:1 }\n  - { name: y, match: { path: /a, headers: { y: "1" } }, to: http://a:1 }')).toEqual([
      'warning 3:5 routes[1]: x and y are equally specific and can match the same request; x wins only because it stands first: give one of them a priority',
    ])
  })

  test('services and subsets that nothing uses, and subsets without an endpoint', () => {
    const services = `
services:
  idle: { endpoints: [a:1] }
  words:
    endpoints: [{ host: a, port: 1, tags: v1 }]
    subsets: { v1: { tags: v1 }, v2: { tags: v2 }, v3: { tags: v1 } }
routes: [{ match: /**, to: [words/v1, words/v2] }]`
    expect(check(services)).toEqual([
      'warning 3:3 services.idle: no route goes to the service idle',
      'warning 6:34 services.words.subsets.v2: no endpoint of words is in the subset v2 (give endpoints its tags and meta)',
      'warning 6:52 services.words.subsets.v3: no route goes to words/v3',
    ])
  })

  test('paths that look like regular expressions and are none', () => {
    const of = (path: string): string[] => check(`routes: [{ name: a, match: { path: '${path}' }, to: http://a:1 }]`)
    for (const path of ['/v.+/', '/(foo)/', '/(ab)+/c', '/x/foo$', '/foo$/**'])
      expect([path, ...of(path)]).toEqual([path, 'warning 1:28 routes[0].match: a path of a looks like a regular expression, and is matched letter for letter (a regular expression for a path is written /^…/)'])
    for (const path of ['/c++/', '/$metadata', '/Products(1)/', '/wiki/Foo_(bar)', '/a.b/$', '/{id}/**', '/^/v.+/']) expect([path, ...of(path)]).toEqual([path])
  })

  test('a route to a port of the gateway itself, unless it cannot win what comes back', () => {
    const warning = (place: string, address: string): string => `warning ${place}: x sends to ${address}, which is the listener web of this gateway: its requests come back without end (name the port of the service itself)`
    const to = (url: string): string[] => check(`routes: [{ name: x, match: /**, to: '${url}' }]`)
    for (const host of ['127.0.0.1', '127.0.0.9', 'localhost']) expect(to(`http://${host}:8080`)).toEqual([warning('1:37 routes[0].to', `${host}:8080`)])
    expect(to('http://[::1]:8080')).toHaveLength(1)
    for (const url of ['http://127.0.0.1:8081', 'http://10.0.0.1:8080', 'http://127.example:8080', 'http://127.0.0.1']) expect([url, ...to(url)]).toEqual([url])
    expect(check("services: { self: { endpoints: [10.0.0.1:80, '127.0.0.1:8080'] } }\nroutes: [{ name: x, match: /**, to: self }]")).toEqual([warning('2:37 routes[0].to', '127.0.0.1:8080')])
    for (const more of ['listener: web', 'listener: [secure, web]']) expect(check(`routes: [{ name: x, match: { path: /**, ${more} }, to: http://127.0.0.1:8080 }]`)).toHaveLength(1)
    for (const more of ['listener: secure', 'source: 10.0.0.0/8']) expect([more, ...check(`routes: [{ name: x, match: { path: /**, ${more} }, to: http://127.0.0.1:8080 }]`)]).toEqual([more])
    expect(check('routes: [{ name: x, match: /**, to: http://127.0.0.1:8080, rewrite: { path: /y } }]')).toEqual([])
  })

  test('methods that no listener takes', () => {
    const of = (methods: string): string[] => check(`routes: [{ name: a, match: { path: /x, method: [${methods}] }, to: http://a:1 }]`)
    for (const methods of ['TRACE', 'CONNECT, TRACE']) expect(of(methods)).toEqual([`warning 1:28 routes[0].match: a match of a is for ${methods.replace(', ', ' and ')} alone, which no listener takes`])
    expect(of('GET, TRACE')).toEqual([])
  })

  test('what a route says of a request that it does not send on', () => {
    const of = (action: string): string[] => check(`routes: [{ match: /x, ${action}, rewrite: { path: /y }, retry: { attempts: 2 }, requestHeaders: { remove: a }, responseHeaders: { remove: b } }]`)
    expect(of('redirect: /y').map((line) => line.slice(line.indexOf('routes')))).toEqual([
      'routes[0].rewrite: rewrite does nothing here: the route answers itself',
      'routes[0].retry: retry does nothing here: the route answers itself',
      'routes[0].requestHeaders: requestHeaders does nothing here: the route answers itself',
    ])
    expect(of('respond: {}')).toHaveLength(3)
    expect(of('to: http://a:1')).toEqual([])
  })

  test('nothing is said of a table that is as it should be', () => {
    expect(check('services: { words: { from: consul/words, subsets: { v1: { tags: v1 } } } }\nroutes: [{ match: /**, to: words/v1 }]')).toEqual([])
  })
})

const ROUTES = `
callers: { simon: { spiffe: spiffe://dc1/simon }, office: { cidr: 10.1.0.0/16 } }
services: { words: { from: consul/words, subsets: { v1: { tags: v1 }, v2: { tags: v2 } } } }
routes:
  - { name: night, match: { path: /night, when: { from: '22:00', to: '06:00' } }, respond: { status: 503 }, tests: [TESTS] }
  - { name: split, match: { path: /split/**, source: [simon, office] }, to: [{ service: words/v1, weight: 95 }, { service: words/v2, weight: 5 }, { service: consul/none, weight: 0 }] }
  - { name: secure, match: { path: /s, listener: secure }, redirect: /t }
  - { name: other, match: /other, to: consul/other?tag=v2&dc=dc1 }
  - { name: plain, match: /plain, to: http://plain.example/ }
  - { name: testers, match: { path: /**, headers: { x-user: /^tester-/ } }, to: words/v2 }
`

describe('tests in a table', () => {
  test.each([
    ['{ request: GET /split/x, from: simon, expect: [words/v1, words/v2] }'],
    ['{ request: GET /split/x, from: 10.1.2.3, expect: route:split }'],
    ['{ request: GET https://any.example/s, listener: secure, expect: redirect }'],
    ['{ request: /s, expect: none }'],
    ['{ request: GET /night, at: 2024-01-01T23:00:00Z, expect: respond:503 }'],
    ['{ request: GET /night, at: 2024-01-01T12:00:00Z, expect: none }'],
    ['{ request: POST /x, headers: { X-User: tester-7 }, expect: words/v2 }'],
    // As `to` writes them, not only in their normal form.
    ['{ request: GET /other, expect: consul/other?tag=v2&dc=dc1 }'],
    ['{ request: GET /other, expect: [consul/other?dc=dc1&tag=v2] }'],
    ['{ request: GET /plain, expect: http://Plain.example:80/ }'],
    ['{ request: GET /plain, expect: http://plain.example }'],
  ])('%s holds', (text) => {
    expect(check(ROUTES.replace('TESTS', text))).toEqual([])
  })

  test.each([
    ['{ request: GET /split/x, from: simon, expect: words/v1 }', 'GET /split/x from simon: expected words/v1, but it goes to words/v2 by the route split'],
    ['{ request: GET /split/x, expect: words/v1 }', 'GET /split/x: expected words/v1, but no route matches (split does not match: source must be simon or office, saw 127.0.0.1)'],
    ['{ request: GET /x, headers: { x-user: bob }, expect: route:testers }', 'expected route:testers, but no route matches (testers does not match: header x-user must be /^tester-/, saw bob)'],
    ['{ request: GET /x, expect: respond:503 }', 'expected respond:503, but no route matches (night does not match: path must be /night, saw /x)'],
    ['{ request: GET /split/x, from: office, headers: { x-user: tester-1 }, expect: route:testers }', 'but it goes to words/v1 and words/v2 by the route split (testers matches too but ranks after split: path: /split/** before /**)'],
    ['{ request: GET /s, listener: secure, expect: redirct }', 'expected redirct, but it goes to redirect by the route secure (did you mean redirect?)'],
    ['{ request: GET /a%2fb, expect: none }', 'the test cannot be run: '],
    ['{ request: GET /x, from: nobody, expect: none }', 'callers of the table: simon, office'],
  ])('%s fails', (text, failure) => {
    const [problem, ...more] = check(ROUTES.replace('TESTS', text))
    expect(more).toEqual([])
    expect(problem).toContain('error 5:')
    expect(problem).toContain('routes[0].tests[0]: ')
    expect(problem).toContain(failure)
  })
})

describe('compile', () => {
  const head = describedHead({ method: 'GET', url: '/a' }, { callers: [], listener: 'http' })
  const context = { wallClock: 0, roll: 0 }

  test('takes a text, a table or a configuration to a table that decides', () => {
    const text = 'listen: 8080\nroutes: [{ match: /a, to: "${WHERE}" }]'
    const table = compile(text, { env: { WHERE: 'http://127.0.0.1:1' } })
    for (const one of [table, compile(table.config)]) expect(decide(one, head, context)).toMatchObject({ kind: 'forward', destination: { label: 'http://127.0.0.1:1' } })
  })

  test('throws everything that is wrong with a text at once', () => {
    try {
      compile('routes: [{ match: a b c, to: consul }, { mach: /a }]')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      expect((error as ConfigError).problems).toHaveLength(4)
      expect((error as ConfigError).message).toContain("1:19 routes[0].match: 'a b c' has more than methods and host/path")
    }
  })
})
