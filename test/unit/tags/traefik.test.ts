// Traefik's tags, versions 2 and 3: what is understood, and what is refused with a reason.
import { describe, expect, test } from 'vitest'
import { pathText } from '../../../src/route/path.ts'
import { readRule } from '../../../src/tags/traefik-rule.ts'
import { asked, assembled, reasons, tagged } from '../../support/tagged.ts'

const rule = (text: string): string => `traefik.http.routers.r.rule=${text}`

describe('a rule', () => {
  test.each([
    ['Host(`a.test`)', 'a.test/x', 'yes'],
    ['Host("a.test")', 'a.test/x', 'yes'],
    ['Host(`A.Test`)', 'a.test/x', 'yes'],
    ['Host(`a.test`, `b.test`)', 'b.test/', 'yes'],
    ['Host(`a.test`) || Host(`b.test`)', 'b.test/', 'yes'],
    ['Host(`a.test`) && PathPrefix(`/api`)', 'a.test/api/x', 'yes'],
    ['Host(`a.test`) && PathPrefix(`/api`)', 'a.test/apix', 'no'],
    ['Host(`a.test`) && PathPrefix(`/api`)', 'b.test/api', 'no'],
    ['Host(`a.test`) && PathPrefix(`/static-`)', 'a.test/static-a.js', 'yes'],
    ['Host(`a.test`) && PathPrefix(`/static-`)', 'a.test/static/a.js', 'no'],
    ['Host(`a.test`) && Path(`/static-`)', 'a.test/static-a.js', 'no'],
    ['(Host(`a.test`) || Host(`b.test`)) && (PathPrefix(`/x`) || Path(`/y`))', 'b.test/y', 'yes'],
    ['(Host(`a.test`) || Host(`b.test`)) && (PathPrefix(`/x`) || Path(`/y`))', 'b.test/y/z', 'no'],
    ['PathPrefix(`/`)', 'any.test/x', 'yes'],
    ['Path(`/users/{id}`)', 'any.test/users/7', 'yes'],
    ['Path(`/users/{id:[0-9]+}`)', 'any.test/users/7', 'yes'],
    ['Path(`/users/{id:[0-9]+}`)', 'any.test/users/x', 'no'],
    ['PathPrefix(`/{v:v[0-9]}/x`)', 'any.test/v1/x/y', 'yes'],
    ['PathRegexp(`^/v[0-9]+/`)', 'any.test/v12/x', 'yes'],
    ['PathRegexp(`\\.(jpg|png)$`)', 'any.test/a/b.png', 'yes'],
    ['PathRegexp(`\\.(jpg|png)$`)', 'any.test/a/b.png/c', 'no'],
    ['HostRegexp(`^.+\\.a\\.test$`)', 'x.a.test/', 'yes'],
    ['HostRegexp(`.+\\.a\\.test`)', 'x.a.test.b/', 'yes'],
    ['HostRegexp(`{sub:[a-z]+}.a.test`)', 'x.a.test/', 'yes'],
    ['HostRegexp(`{sub:[a-z]+}.a.test`)', 'x1.a.test/', 'no'],
    ['Host(`*.a.test`)', 'x.a.test/', 'yes'],
    ['Host(`*.a.test`)', 'x.y.a.test/', 'no'],
    ['Host(`**.a.test`)', 'x.y.a.test/', 'yes'],
    ['Host(`a.test`) && Method(`GET`, `HEAD`)', 'POST a.test/', 'no'],
    ['Host(`a.test`) && Method(`get`)', 'GET a.test/', 'yes'],
    ['Query(`v=2`)', 'a.test/?v=2', 'yes'],
    ['Query(`v`, `2`)', 'a.test/?v=2', 'yes'],
    ['Query(`v`, `2`)', 'a.test/?v=1', 'no'],
    ['QueryRegexp(`v`, `^[23]$`)', 'a.test/?v=3', 'yes'],
    ['ClientIP(`127.0.0.0/8`)', 'a.test/', 'yes'],
    ['ClientIP(`10.0.0.0/8`)', 'a.test/', 'no'],
    ['!(!Host(`a.test`))', 'a.test/', 'yes'],
    // Traefik takes matchers in lower and upper case, too.
    ['host(`a.test`) && PATHPREFIX(`/api`)', 'a.test/api/x', 'yes'],
    ['host(`a.test`) && PATHPREFIX(`/api`)', 'a.test/x', 'no'],
  ])('%s: %s %s', (text, request, expected) => {
    const made = assembled([tagged('words', [rule(text)])])
    expect(reasons(made)).toEqual([])
    expect(asked(made, request) === 'none' ? 'no' : 'yes').toBe(expected)
  })

  const regexes = ['Host(`a.test`) && PathRegexp(`^/api/v[0-9]+`)', 'Host(`a.test`) && PathPrefix(`/api/{v:v[0-9]+}`)', 'PathRegexp(`^/api/v[0-9]+`)']
  test.each(regexes)('%s comes before the prefix of every path', (text) => {
    const host = text.startsWith('Host') ? 'Host(`a.test`) && ' : ''
    for (const web of [`${host}PathPrefix(\`/\`)`, `${host}PathPrefix(\`/\`) || ${host}PathPrefix(\`/x\`)`]) {
      const made = assembled([tagged('web', [rule(web).replace('.r.', '.w.')]), tagged('words', [rule(text)])])
      expect([asked(made, 'a.test/api/v1'), asked(made, 'a.test/api')]).toEqual(['consul/words /api/v1', 'consul/web /api'])
    }
  })

  test.each([
    ['Host(`a.test`) && PathPrefix(`/api`)', regexes[0], '/api'],
    ['Host(`a.test`) && PathPrefix(`/api`)', regexes[1], '/api'],
    ['PathPrefix(`/api`)', regexes[2], '/api'],
    ['Host(`a.test`) && PathPrefix(`/img`)', 'Host(`a.test`) && PathRegexp(`\\.png$`)', '/img'],
    ['Host(`b.test`) && PathPrefix(`/api`)', regexes[0], undefined],
    ['Host(`a.test`) && PathPrefix(`/apis`)', regexes[0], undefined],
    ['Host(`a.test`) && Path(`/api`)', regexes[0], undefined],
    ['Host(`a.test`)', regexes[0], undefined],
  ])('of %s beside %s: the second is told of %s', (prefix, regex = '', told) => {
    const made = assembled([tagged('web', [rule(prefix).replace('.r.', '.w.')]), tagged('words', [rule(regex)])])
    expect(made.refused.map(({ service, kind, reason }) => [service, kind, reason])).toEqual(told === undefined ? [] : [['words', 'note', `a prefix ranks before a regular expression here, so requests below ${told} go to web in consul; a higher priority of this router changes that`]])
    const lifted = assembled([tagged('web', [rule(prefix).replace('.r.', '.w.')]), tagged('words', [rule(regex), 'traefik.http.routers.r.priority=100'])])
    expect(lifted.refused).toEqual([])
  })

  test('asks for headers', () => {
    const made = assembled([tagged('words', [rule('Header(`X-User`, `simon`) || HeadersRegexp(`X-User`, `^t`)')])])
    expect(['simon', 'tester', 'x'].map((user) => asked(made, 'a.test/', { headers: [['x-user', user]] }))).toEqual(['consul/words /', 'consul/words /', 'none'])
  })

  test.each([
    ['Host(`a.test`', 'cannot be read at character 14'],
    ['Host(a.test)', 'a value in backticks'],
    ["Host('a.test')", 'a value in backticks'],
    ['Host(`a.test`) Path(`/x`)', 'something stands after the rule'],
    ['Host(`a.test`) &&', 'a matcher such as'],
    ['!Host(`a.test`)', '!Host(…) cannot be expressed'],
    ['Host(`a.test`) && !(Path(`/x`) || Path(`/y`))', '!Path(…) cannot be expressed'],
    ['Hots(`a.test`)', 'there is no matcher Hots'],
    ['constructor(`x`)', 'there is no matcher constructor'],
    ['Host(`a.test`) && Host(`b.test`)', 'joined by &&'],
    ['Header(`a`, `1`) && Header(`A`, `2`)', 'two conditions on A'],
    ['Host()', 'no value'],
    ['Path(`x`)', 'does not begin with a slash'],
    ['PathRegexp(`(`)', 'regular expression'],
    ['Host(`not a host`)', 'not a host name'],
    [`${'('.repeat(40)}Host(\`a\`)${')'.repeat(40)}`, 'nested deeper'],
    [Array.from({ length: 7 }, (_, i) => `(Header(\`h${i}\`,\`1\`) || Header(\`h${i}\`,\`2\`))`).join(' && '), 'more than 64 alternatives'],
  ])('refused: %s: %s', (text, reason) => {
    const made = assembled([tagged('words', [rule(text)]), tagged('good', [rule('Host(`good.test`)').replace('.r.', '.g.')])])
    expect(reasons(made).join()).toContain(reason)
    expect(made.table.routes.map(({ name }) => name)).toEqual(['g@consul'])
  })

  test('a product of alternatives is bounded before it grows', () => {
    const wide = `(${Array.from({ length: 60 }, (_, i) => `Host(\`h${i}.test\`)`).join(' || ')})`
    expect(() => readRule(Array.from({ length: 30 }, () => wide).join(' && '))).toThrow('more than 64')
  })
})

describe('middlewares', () => {
  const made2 = (middleware: readonly string[], text: string, listeners = [{ name: 'http', tls: false }]) => assembled([tagged('words', [rule(text), 'traefik.http.routers.r.middlewares=m', ...middleware.map((each) => `traefik.http.middlewares.m.${each}`)])], { listeners })
  const made = (middleware: readonly string[], text = 'Host(`a.test`)', more: readonly string[] = []) =>
    assembled([tagged('words', [rule(text), 'traefik.http.routers.r.middlewares=m', ...middleware.map((each) => `traefik.http.middlewares.m.${each}`), ...more])])
  test.each([
    ['Host(`a.test`) && PathPrefix(`/api`)', ['stripprefix.prefixes=/api'], 'a.test/api/x', 'consul/words /x'],
    ['Host(`a.test`)', ['stripPrefix.prefixes=/api,/v1'], 'a.test/v1/x', 'consul/words /x'],
    ['Host(`a.test`)', ['stripprefix.prefixes=/api,/v1'], 'a.test/other', 'consul/words /other'],
    ['Path(`/api/x`)', ['stripprefix.prefixes=/api'], 'a.test/api/x', 'consul/words /x'],
    // The first of the list that fits, not the longest.
    ['Host(`a.test`)', ['stripprefix.prefixes=/api,/api/v1'], 'a.test/api/v1/x', 'consul/words /v1/x'],
    ['Host(`a.test`) && PathPrefix(`/api/x-`)', ['stripprefix.prefixes=/other,/api'], 'a.test/api/x-1/y', 'consul/words /x-1/y'],
    ['Host(`a.test`) && PathPrefix(`/api/v1`)', ['stripprefix.prefixes=/api,/api/v1'], 'a.test/api/v1/x', 'consul/words /v1/x'],
    ['Host(`a.test`)', ['stripprefix.prefixes=/api/v1,/api'], 'a.test/api/v1/x', 'consul/words /x'],
    ['Host(`a.test`)', ['stripprefix.prefixes=/api/v1,/api'], 'a.test/api/x', 'consul/words /x'],
    ['Host(`a.test`)', ['stripprefix.prefixes=/api,/apis'], 'a.test/apis/x', 'consul/words /x'],
    ['Host(`a.test`)', ['addprefix.prefix=/base'], 'a.test/x', 'consul/words /base/x'],
    ['Host(`a.test`)', ['replacepath.path=/only'], 'a.test/x', 'consul/words /only'],
    ['Host(`a.test`)', ['redirectregex.regex=^https?://a.test/(.*)', 'redirectregex.replacement=https://b.test/${1}', 'redirectregex.permanent=true'], 'a.test/x?q', 'redirect 308 https://b.test/x?q'],
    ['Host(`a.test`)', ['ipallowlist.sourcerange=10.0.0.0/8, 192.168.0.0/16'], 'a.test/', 'respond 403'],
    ['Host(`a.test`)', ['ipwhitelist.sourcerange=127.0.0.1/32'], 'a.test/', 'consul/words /'],
    ['Host(`a.test`)', ['compress=true'], 'a.test/', 'consul/words /'],
  ])('%s with %j: %s is %s', (text, middleware, request, expected) => {
    expect(asked(made(middleware, text), request)).toBe(expected)
  })

  const regex = (scheme: string, from: string, to: string): string[] => [`redirectregex.regex=^${scheme}://${from}/(.*)`, `redirectregex.replacement=https://${to}/\${1}`]
  const both = 'Host(`example.test`) || Host(`www.example.test`)'
  test.each([
    [both, 'www.example.test/x', 'redirect 307 https://example.test/x'],
    [both, 'example.test/x', 'consul/words /x'],
    ['Host(`example.test`, `www.example.test`) && PathPrefix(`/a`)', 'example.test/a', 'consul/words /a'],
    ['Host(`example.test`, `www.example.test`) && PathPrefix(`/a`)', 'www.example.test/a', 'redirect 307 https://example.test/a'],
    ['Host(`WWW.Example.test`)', 'www.example.test/', 'redirect 307 https://example.test/'],
    ['Host(`other.test`)', 'other.test/', 'consul/words /'],
  ])('redirectregex lets pass what it does not match: %s: %s is %s', (text, request, expected) => {
    const made = made2(regex('https?', 'www\\.example\\.test', 'example.test'), text)
    expect(reasons(made)).toEqual([])
    expect(asked(made, request)).toBe(expected)
  })

  test.each([['http', ['redirect 307 https://b.test/x', 'consul/words /x']], ['https', ['consul/words /x', 'redirect 307 https://b.test/x']], ['https?', ['redirect 307 https://b.test/x', 'redirect 307 https://b.test/x']]])('redirectregex of %s redirects there alone', (scheme, expected) => {
    const listeners = [{ name: 'web', tls: false }, { name: 'websecure', tls: true }]
    const made = made2(regex(scheme, 'a.test', 'b.test'), 'Host(`a.test`)', listeners)
    expect(['web', 'websecure'].map((listener) => asked(made, 'a.test/x', { listener }))).toEqual(expected)
  })

  test('to https and from www: each redirect where it applies, in their order', () => {
    const listeners = [{ name: 'web', tls: false }, { name: 'websecure', tls: true }]
    const labels = [rule(both), 'traefik.http.routers.r.entrypoints=web,websecure', ...regex('https?', 'www.example.test', 'example.test').map((each) => `traefik.http.middlewares.w.${each}`), 'traefik.http.middlewares.s.redirectscheme.scheme=https']
    const story = (order: string): string[] => {
      const made = assembled([tagged('words', [...labels, `traefik.http.routers.r.middlewares=${order}`])], { listeners })
      return ['web', 'websecure'].flatMap((listener) => ['www.example.test/x', 'example.test/x'].map((request) => asked(made, request, { listener })))
    }
    const secure = ['redirect 307 https://example.test/x', 'consul/words /x']
    expect(story('s,w')).toEqual(['redirect 307 https://www.example.test/x', 'redirect 307 https://example.test/x', ...secure])
    expect(story('w,s')).toEqual(['redirect 307 https://example.test/x', 'redirect 307 https://example.test/x', ...secure])
  })

  test.each(['PathPrefix(`/`)', 'HostRegexp(`.+`)', 'Host(`*.example.test`)', 'Host(`example.test`) || PathPrefix(`/x`)'])('redirectregex is refused where the rule says no host: %s', (text) => {
    const made = made2(regex('https?', 'www.example.test', 'example.test'), text)
    expect(reasons(made).join()).toContain('redirectregex needs Host(')
    expect(made.table.routes).toEqual([])
  })

  test.each([
    [['stripprefix.prefixes=/a', 'stripprefix.prefixes=/b'], '/a/b/x', '/x'],
    [['stripprefix.prefixes=/a', 'stripprefix.prefixes=/b'], '/b/x', '/x'],
    [['stripprefix.prefixes=/a', 'stripprefix.prefixes=/b'], '/a/x', '/x'],
    [['stripprefix.prefixes=/a', 'stripprefix.prefixes=/b'], '/b/a/x', '/a/x'],
    [['stripprefix.prefixes=/a,/b', 'stripprefix.prefixes=/b'], '/b/b/x', '/x'],
  ])('of two middlewares %j each strips what the one before left: %s is %s', (list, path, expected) => {
    const labels = [rule('Host(`a.test`)'), 'traefik.http.routers.r.middlewares=m0,m1', ...list.map((each, i) => `traefik.http.middlewares.m${i}.${each}`)]
    expect(asked(assembled([tagged('words', labels)]), `a.test${path}`)).toBe(`consul/words ${expected}`)
  })

  test.each([
    ['true', 308], ['1', 308], ['T', 308], ['True', 308], ['f', 307], ['0', 307], ['FALSE', 307],
  ])('permanent=%s is read as Go reads it', (written, status) => {
    expect(asked(made(['redirectregex.regex=^https?://a.test/(.*)', 'redirectregex.replacement=https://b.test/${1}', `redirectregex.permanent=${written}`]), 'a.test/')).toBe(`redirect ${status} https://b.test/`)
  })

  test('other switches are, too', () => {
    expect(made(['headers.framedeny=1', 'headers.contenttypenosniff=T', 'headers.browserxssfilter=0', 'headers.stsseconds=60', 'headers.stspreload=t', 'headers.stsincludesubdomains=f']).table.routes[0]).toMatchObject({
      responseHeaders: { set: [['X-Frame-Options', 'DENY'], ['X-Content-Type-Options', 'nosniff'], ['Strict-Transport-Security', 'max-age=60; preload']] },
    })
  })

  test.each([
    ['n', ['10.0.0.0/8'], '10.2.0.1', 'consul/words /'],
    ['n,o', ['10.0.0.0/8', '10.1.0.0/16'], '10.1.0.1', 'consul/words /'],
    ['n,o', ['10.0.0.0/8', '10.1.0.0/16'], '10.2.0.1', 'respond 403'],
    ['o,n', ['10.0.0.0/8', '10.1.0.0/16'], '10.2.0.1', 'respond 403'],
    ['n,o', ['10.0.0.0/8', '192.168.0.0/16'], '10.2.0.1', 'respond 403'],
    ['n,o', ['10.0.0.0/8,2001:db8::/32', '0.0.0.0/0,::/0'], '2001:db8::1', 'consul/words /'],
  ])('who may come in must be in every list: %s of %j: %s is %s', (names, lists, from, expected) => {
    const labels = lists.map((list, i) => `traefik.http.middlewares.${'no'[i] ?? ''}.ipallowlist.sourcerange=${list}`)
    const made = assembled([tagged('words', [rule('Host(`a.test`)'), `traefik.http.routers.r.middlewares=${names}`, ...labels])])
    expect(asked(made, 'a.test/', { from })).toBe(expected)
  })

  test('and in those of the rule', () => {
    const made = assembled([tagged('words', [rule('ClientIP(`10.1.0.0/16`)'), 'traefik.http.routers.r.middlewares=m', 'traefik.http.middlewares.m.ipallowlist.sourcerange=10.0.0.0/8'])])
    expect(['10.1.0.1', '10.2.0.1'].map((from) => asked(made, 'a.test/', { from }))).toEqual(['consul/words /', 'none'])
  })

  /** What the routes for these paths say to the service of the prefix. */
  const prefixes = ({ table }: ReturnType<typeof assembled>): unknown => Object.fromEntries(table.routes.map(({ match, requestHeaders }) => [(match[0]?.path ?? []).map((path) => pathText(path)).join(), requestHeaders?.set.map((pair) => pair.join(': ')) ?? []]))
  const prefix = (text: string): string => `X-Forwarded-Prefix: ${text}`
  test('a service is told of the prefix that was taken off', () => {
    expect(prefixes(made(['stripprefix.prefixes=/api,/v1']))).toEqual({ '/api/**': [prefix('/api')], '/v1/**': [prefix('/v1')], '': [] })
    expect(prefixes(made(['stripprefix.prefixes=/api'], 'PathPrefix(`/api/v1`)'))).toEqual({ '/api/v1': [prefix('/api')], '/api/v1/**': [prefix('/api')] })
    expect(prefixes(made(['stripprefix.prefixes=/api'], 'Path(`/api/x`)'))).toEqual({ '/api/x': [prefix('/api')] })
    expect(prefixes(made(['stripprefix.prefixes=/api', 'headers.customrequestheaders.X-FORWARDED-PREFIX=/mine'], 'Path(`/api/x`)'))).toEqual({ '/api/x': ['x-forwarded-prefix: /mine'] })
    expect(prefixes(made(['addprefix.prefix=/base'], 'PathPrefix(`/api`)'))).toEqual({ '/api': [], '/api/**': [] })
  })

  test('headers and retry', () => {
    const labels = ['headers.customrequestheaders.X-Team=words', 'headers.customrequestheaders.X-Gone=', 'headers.stsseconds=60', 'headers.framedeny=true', 'retry.attempts=3']
    expect(made(labels).table.routes[0]).toMatchObject({
      requestHeaders: { set: [['x-team', 'words']], remove: ['x-gone'] },
      responseHeaders: { set: expect.arrayContaining([['Strict-Transport-Security', 'max-age=60'], ['X-Frame-Options', 'DENY']]) },
      retry: { attempts: 2 },
    })
  })

  test('a chain', () => {
    expect(asked(made(['chain.middlewares=n,o'], 'Host(`a.test`)', ['traefik.http.middlewares.n.addprefix.prefix=/n', 'traefik.http.middlewares.o.compress=true']), 'a.test/x')).toBe('consul/words /n/x')
  })

  test.each([
    [['basicauth.users=a:b'], 'the kind basicauth'],
    [['forwardauth.address=http://auth'], 'the kind forwardauth'],
    [['ratelimit.average=1'], 'the kind ratelimit'],
    [['stripprefixregex.regex=/a'], 'the kind stripprefixregex'],
    [['headers.accesscontrolalloworiginlist=*'], 'headers.accesscontrolalloworiginlist'],
    [['ipallowlist.sourcerange=10.0.0.0/8', 'ipallowlist.ipstrategy.depth=1'], 'ipstrategy'],
    [['redirectregex.regex=(.*)', 'redirectregex.replacement=https://b.test/$1'], 'redirectregex can be expressed only'],
    [['redirectscheme.scheme=https'], 'no listener of this gateway has TLS'],
    [['chain.middlewares=m'], 'too long'],
    [['headers.framedeny=yes'], 'framedeny=yes is not true or false'],
    [['redirectregex.regex=^https?://a.test/(.*)', 'redirectregex.replacement=https://b.test/${1}', 'redirectregex.permanent=on'], 'permanent=on is not true or false'],
    [['ipallowlist.sourcerange=10.0.0.0/8', 'ipwhitelist.sourcerange=10.1.1.1/8'], 'is no address and no range'],
    [[], 'the middleware m is not defined'],
  ])('refused: %j: %s', (middleware, reason) => {
    expect(reasons(made(middleware)).join()).toContain(reason)
    expect(made(middleware).table.routes).toEqual([])
  })
})

describe('routers and services', () => {
  const listeners = [{ name: 'web', tls: false }, { name: 'websecure', tls: true }]
  test('entry points are listeners, and tls asks for those that have it', () => {
    const labels = [
      'traefik.http.routers.plain.rule=Host(`a.test`)', 'traefik.http.routers.plain.entrypoints=web', 'traefik.http.routers.plain.middlewares=s', 'traefik.http.middlewares.s.redirectscheme.scheme=https',
      'traefik.http.routers.secure.rule=Host(`a.test`)', 'traefik.http.routers.secure.tls=true',
    ]
    const made = assembled([tagged('words', labels)], { listeners })
    expect(asked(made, 'a.test/x', { listener: 'web' })).toBe('redirect 307 https://a.test/x')
    expect(asked(made, 'a.test/x', { listener: 'websecure' })).toBe('consul/words /x')
  })

  test('an entry point that is no listener is said and ignored', () => {
    const made = assembled([tagged('words', [rule('Host(`a.test`)'), 'traefik.http.routers.r.entrypoints=websecure', 'traefik.http.routers.r.tls=true'])])
    expect(made.refused.map(({ kind }) => kind)).toEqual(['note', 'note'])
    expect(asked(made, 'a.test/')).toBe('consul/words /')
  })

  const router = (...settings: readonly string[]): string[] => [rule('Host(`a.test`)'), ...settings.map((each) => `traefik.http.routers.r.${each}`)]
  /** On which listeners of these it is served. */
  const servedOn = (labels: readonly string[], on: readonly { readonly name: string; readonly tls: boolean }[]): string[] => {
    const made = assembled([tagged('words', labels)], { listeners: on })
    return on.map(({ name }) => name).filter((listener) => asked(made, 'a.test/', { listener }) !== 'none')
  }
  const inside = { name: 'inside', tls: false }
  const others = [{ name: 'public', tls: false }, { name: 'secure', tls: true }]
  test.each([
    [['entrypoints=internal'], listeners, []],
    [['entrypoints=internal'], [inside, ...listeners], []],
    [['entrypoints=inside'], [inside, ...listeners], ['inside']],
    [['entrypoints=inside,internal'], [inside, ...listeners], ['inside']],
    [['entrypoints=web'], others, ['public']],
    [['entrypoints=websecure'], others, ['secure']],
    [['entrypoints=https'], others, ['secure']],
    [['entrypoints=web,websecure'], others, ['public', 'secure']],
    [['entrypoints=web,internal'], others, ['public']],
    [['entrypoints=web,websecure', 'tls=true'], listeners, ['websecure']],
    [['entrypoints=web', 'tls=true'], listeners, []],
    [['entrypoints=web', 'tls.certresolver=le'], others, []],
    [['tls.certresolver=le', 'tls.domains[0].main=a.test', 'tls.domains[0].sans=*.a.test'], others, ['secure']],
    [['tls.options=default'], others, ['secure']],
    [['tls=1'], others, ['secure']],
    [['tls=f'], others, ['public', 'secure']],
  ] as const)('%j of %j is on %j', (settings, on, expected) => {
    expect(servedOn(router(...settings), on)).toEqual(expected)
    const { refused } = assembled([tagged('words', router(...settings))], { listeners: on })
    if (expected.length === 0) expect(refused).toMatchObject([{ service: 'words', kind: 'refused', reason: expect.stringMatching(/^no listener is called internal|^tls is asked for, and web|^tls is asked for, and public/) }])
  })

  test.each(['mtls@file', 'modern', 'default@file'])('tls.options=%s may demand a certificate of clients: refused, with owner and reason', (options) => {
    const made = assembled([tagged('admin', router('tls=true', `tls.options=${options}`))], { listeners })
    expect(made.table.routes).toEqual([])
    expect(made.refused).toMatchObject([{ service: 'admin', kind: 'refused', reason: expect.stringContaining(`tls.options=${options} is defined elsewhere, and may demand a certificate`) }])
  })

  test('a redirect to https lets pass what has it already', () => {
    const labels = [...router('entrypoints=web,websecure', 'middlewares=s'), 'traefik.http.middlewares.s.redirectscheme.scheme=https']
    const made = assembled([tagged('words', labels)], { listeners })
    expect(['web', 'websecure'].map((listener) => asked(made, 'a.test/x', { listener }))).toEqual(['redirect 307 https://a.test/x', 'consul/words /x'])
    const plain = assembled([tagged('words', labels.map((label) => label.replace('=https', '=http')))], { listeners })
    expect(['web', 'websecure'].map((listener) => asked(plain, 'a.test/x', { listener }))).toEqual(['consul/words /x', 'redirect 307 http://a.test/x'])
  })

  test.each([
    [['traefik.enable=true'], ['my-words'], 'Host(`my-words`)'],
    [['traefik.enable=false', rule('Host(`a.test`)')], [], ''],
    [['traefik.enable=true', 'traefik.tcp.routers.x.rule=HostSNI(`*`)'], [], 'TCP'],
    [['traefik.enable=0', rule('Host(`a.test`)')], [], ''],
    [['traefik.enable=False', rule('Host(`a.test`)')], [], ''],
    [['traefik.enable=T'], ['my-words'], 'Host(`my-words`)'],
    [['traefik.enable=no', rule('Host(`a.test`)')], [], 'enable=no is not true or false'],
    [[rule('Host(`a.test`)'), 'traefik.http.routers.r.tls=maybe'], [], 'tls=maybe is not true or false'],
    [[rule('Host(`a.test`)'), 'traefik.http.services.s.loadbalancer.passhostheader=1'], ['r'], ''],
    [['traefik.tags=x'], [], ''],
    [['traefik.frontend.rule=Host:a.test'], [], 'Traefik 1'],
    [[rule('Host(`a.test`)'), 'traefik.http.routers.r.service=other'], [], 'is not defined'],
    [[rule('Host(`a.test`)'), 'traefik.http.routers.r.service=api@internal'], [], 'is not in this registry'],
    [[rule('Host(`a.test`)'), 'traefik.http.services.s.loadbalancer.server.port=8080'], ['r'], ''],
    [[rule('Host(`a.test`)'), 'traefik.http.services.s.loadbalancer.server.port=9'], [], 'is not the port 8080'],
    [[rule('Host(`a.test`)'), 'traefik.http.services.s.loadbalancer.server.scheme=h2c'], [], 'scheme=h2c'],
    [[rule('Host(`a.test`)'), 'traefik.http.services.s.loadbalancer.passhostheader=false'], [], 'passhostheader=false'],
    [[rule('Host(`a.test`)'), 'traefik.http.services.s.loadbalancer.sticky.cookie=true'], ['r'], 'sticky.cookie is ignored'],
    [[rule('Host(`a.test`)'), 'traefik.http.routers.r.deniedsetting=1'], [], 'deniedsetting'],
    [['TRAEFIK.HTTP.Routers.R.Rule=Host(`a.test`)'], ['r'], ''],
  ])('%j: routes %j, reason %s', (labels, names, reason) => {
    const { table, refused } = assembled([tagged('my_words', labels)])
    expect(table.routes.map(({ name }) => name)).toEqual(names.map((name) => `${name}@consul`))
    if (reason !== '' && refused.length > 0) expect(refused.map((each) => each.reason).join()).toContain(reason)
    if (names.length === 0 && reason !== '') expect(refused.length).toBeGreaterThan(0)
  })

  test('https to the endpoints, and a priority within bounds', () => {
    const { table } = assembled([tagged('words', [rule('Host(`a.test`)'), 'traefik.http.routers.r.priority=100000', 'traefik.http.services.s.loadbalancer.server.scheme=https'])])
    expect(table).toMatchObject({ routes: [{ priority: 999 }], services: [{ tls: { verify: true } }] })
  })
})

describe('a priority stands among the lengths of rules', () => {
  /** A service with one router. */
  const router = (name: string, text: string, priority?: number) => tagged(name, [`traefik.http.routers.${name}.rule=${text}`, ...(priority === undefined ? [] : [`traefik.http.routers.${name}.priority=${priority}`])])
  const api = 'Host(`a.test`) && PathPrefix(`/api`)'
  const long = 'Host(`words.a.test`) && (PathPrefix(`/api`) || PathPrefix(`/v1/api`) || PathPrefix(`/assets`) || PathPrefix(`/static`))'

  test.each([
    ['a catch-all with 1 is the last', [router('web', 'PathPrefix(`/`)', 1), router('api', api)], 'a.test/api/x', 'api'],
    ['also when it is by host', [router('web', 'HostRegexp(`.+`)', 1), router('api', api)], 'a.test/api/x', 'api'],
    ['also with a number above the length of its own rule', [router('web', 'PathPrefix(`/`)', 20), router('api', api)], 'a.test/api/x', 'api'],
    ['it still gets what is left', [router('web', 'PathPrefix(`/`)', 1), router('api', api)], 'b.test/', 'web'],
    ['of two last ones the higher is before the other', [router('web', 'PathPrefix(`/`)', 1), router('old', 'HostRegexp(`.+`)', 2), router('api', api)], 'b.test/', 'old'],
    ['greater than every rule is before them', [router('api', 'PathPrefix(`/api`)', 100), router('web', 'Host(`a.test`)')], 'a.test/api', 'api'],
    ['greater than the rules it meets, if not than its own', [router('api', long, 100), router('web', 'Host(`words.a.test`)')], 'words.a.test/api', 'api'],
    ['how long rules for other hosts are counts nothing', [router('all', 'Host(`a.test`)', 40), router('api', api), router('other', long), router('more', long)], 'a.test/api', 'all'],
    ['1000 is below 2000', [router('a', 'Host(`a.test`)', 1000), router('b', 'PathPrefix(`/`)', 2000)], 'a.test/', 'b'],
    ['999 is below 1000', [router('a', 'Host(`a.test`)', 999), router('b', 'PathPrefix(`/`)', 1000)], 'a.test/', 'b'],
    ['-5 is below 1', [router('a', 'Host(`a.test`)', -5), router('b', 'PathPrefix(`/`)', 1)], 'a.test/', 'b'],
    ['two small ones keep their order', [router('web', 'Host(`a.test`)', 10), router('api', 'Host(`a.test`) && PathPrefix(`/api`)', 20)], 'a.test/api', 'api'],
    ['also on both sides of the length of a rule', [router('web', 'Host(`a.test`)', 25), router('api', 'Host(`a.test`) && PathPrefix(`/api`)', 30)], 'a.test/api', 'api'],
    ['0 is none', [router('web', 'PathPrefix(`/`)', 0), router('api', api)], 'a.test/api/x', 'api'],
  ])('%s', (_, services, request, expected) => {
    for (const order of [services, services.toReversed()]) expect(asked(assembled(order), request).split(' ')[0]).toBe(`consul/${expected}`)
  })

  test('a refusal for others stands where its route does', () => {
    const guarded = tagged('web', ['traefik.http.routers.web.rule=PathPrefix(`/`)', 'traefik.http.routers.web.priority=1', 'traefik.http.routers.web.middlewares=m', 'traefik.http.middlewares.m.ipallowlist.sourcerange=10.0.0.0/8'])
    const made = assembled([guarded, router('api', api)])
    expect([asked(made, 'a.test/api'), asked(made, 'a.test/')]).toEqual(['consul/api /api', 'respond 403'])
  })

  test('there is room for as many as there are, in their order', () => {
    const { table } = assembled(Array.from({ length: 120 }, (_, i) => router(`s${String(i).padStart(3, '0')}`, `Host(\`h${i}.test\`)`, 5000 + i)))
    expect(table.routes.map(({ priority }) => priority)).toEqual(Array.from({ length: 120 }, (_, i) => 880 + i))
  })
})

describe('labels of its providers', () => {
  const rule = 'traefik.http.routers.r.rule=Host(`a.test`)'
  const told = (labels: readonly string[]) => {
    const made = assembled([tagged('words', labels)])
    return [asked(made, 'a.test/'), made.refused.map(({ kind, tag }) => `${kind} ${tag}`)]
  }

  test.each([
    [['traefik.consulcatalog.connect=true'], 'none', ['refused traefik.consulcatalog.connect=true']],
    [['Traefik.ConsulCatalog.Connect=1'], 'none', ['refused Traefik.ConsulCatalog.Connect=1']],
    [['traefik.consulcatalog.connect=yes'], 'none', ['refused traefik.consulcatalog.connect=yes']],
    [['traefik.consulcatalog.connect=false'], 'consul/words /', []],
    [['traefik.nomad.canary=true'], 'consul/words /', ['note traefik.nomad.canary=true']],
    [['traefik.consulcatalog.canary=true'], 'consul/words /', ['note traefik.consulcatalog.canary=true']],
    [['traefik.consulcatalog.canary=false'], 'consul/words /', []],
    [['traefik.nomad.canary=perhaps'], 'consul/words /', ['refused traefik.nomad.canary=perhaps']],
    [['traefik.docker.network=x', 'traefik.tags=a'], 'consul/words /', []],
  ])('%j', (labels, request, refused) => {
    expect(told([rule, ...labels])).toEqual([request, refused])
  })

  test('a service of Connect is routed by no default rule either, and one that is switched off is told nothing', () => {
    expect(assembled([tagged('words', ['traefik.enable=true', 'traefik.consulcatalog.connect=true'])]).table.routes).toEqual([])
    expect(told([rule, 'traefik.enable=false', 'traefik.consulcatalog.connect=true'])).toEqual(['none', []])
  })

  test('a canary with a router of its own is its alone', () => {
    const made = assembled([tagged('words', [rule], ['traefik.nomad.canary=true', 'traefik.http.routers.c.rule=Host(`c.test`)'])])
    expect([asked(made, 'a.test/'), asked(made, 'c.test/')]).toEqual(['consul/words/tagged-2 /', 'consul/words/tagged-1 /'])
  })
})
