import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RouteConfig } from '../../../src/model/route-config.ts'
import type { TableConfig } from '../../../src/model/table-config.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { TableError } from '../../../src/route/table-error.ts'
import { field, host, path, route, service, table } from '../../support/build-table.ts'

function problemsOf(config: TableConfig): readonly (readonly [string, string])[] {
  try {
    compileTable(config)
  } catch (error) {
    if (error instanceof TableError) return error.problems.map((problem) => [problem.path, problem.message] as const)
    throw error
  }
  return []
}

const redirect = (location: string, paths: readonly string[] = ['/{id}/**']): RouteConfig =>
  route('r', { path: paths.map(path) }, { action: { kind: 'redirect', status: 302, location } })
const rewrite = (to: string, paths: readonly string[] = ['/{id}/**']): RouteConfig => route('r', { path: paths.map(path) }, { rewrite: { path: to } })
const forward = (to: Extract<RouteConfig['action'], { kind: 'forward' }>['to']): RouteConfig => route('r', {}, { action: { kind: 'forward', to } })
const headers = (set: readonly (readonly [string, string])[], remove: readonly string[] = []): RouteConfig =>
  route('r', { path: [path('/{id}')] }, { requestHeaders: { remove, set, add: [] } })

describe('refuses', () => {
  it.each<readonly [route: RouteConfig, path: string, message: RegExp]>([
    [forward([{ service: 'wrods', weight: 1 }]), 'routes[0].action.to[0]', /there is no service "wrods"/],
    [forward([{ service: 'words', subset: 'v3', weight: 1 }]), 'routes[0].action.to[0]', /service words has no subset "v3": it has v1, v2/],
    [forward([{ service: 'words', subset: 'constructor', weight: 1 }]), 'routes[0].action.to[0]', /no subset "constructor"/],
    [forward([{ service: 'words', weight: 0 }]), 'routes[0].action.to', /weights sum to nothing/],
    [forward([]), 'routes[0].action.to', /weights sum to nothing/],
    [route('r', []), 'routes[0].match', /no alternative/],
    [route('r', { host: [] }), 'routes[0].match[0].host', /the list is empty/],
    [rewrite('v2/{id}'), 'routes[0].rewrite.path', /begins with \//],
    [rewrite('/v2?x={id}'), 'routes[0].rewrite.path', /no \? or #/],
    [rewrite('/ä'), 'routes[0].rewrite.path', /visible ASCII/],
    [rewrite('/{nr}'), 'routes[0].rewrite.path', /\{nr\} is not captured by every path/],
    [rewrite('/{id}', ['/{id}', '/x/**']), 'routes[0].rewrite.path', /\{id\} is not captured by every path/],
    [rewrite('/{host}'), 'routes[0].rewrite.path', /\{host\} is not captured/],
    [rewrite('/{id'), 'routes[0].rewrite.path', /brace/],
    [route('r', {}, { rewrite: { host: 'a.test/x' } }), 'routes[0].rewrite.host', /not a host/],
    [route('r', {}, { rewrite: { host: 'a.test\r\nx: y' } }), 'routes[0].rewrite.host', /not a host/],
    [redirect(''), 'routes[0].action.location', /at least one character/],
    [redirect('/a\r\nx: y'), 'routes[0].action.location', /visible ASCII/],
    [redirect('/{nr}'), 'routes[0].action.location', /neither captured .* nor one of \{scheme\}, \{host\}, \{path\}, \{query\}/],
    [redirect('/{host}', ['/{host}']), 'routes[0].action.location', /both a capture of the path and a built-in/],
    [redirect('https://a.test{**}'), 'routes[0].action.location', /\{\*\*\} could change the host/],
    [redirect('https://{id}'), 'routes[0].action.location', /\{id\} could change the host/],
    [redirect('//{**}.a.test/'), 'routes[0].action.location', /\{\*\*\} could change the host/],
    // A group of a regular expression may hold slashes.
    [redirect('https://{site}.a.test/', ['~^/(?P<site>.+)$']), 'routes[0].action.location', /\{site\} could change the host/],
    [redirect('https://{site}.a.test/', ['/{site}', '~^/x/(?P<site>.+)$']), 'routes[0].action.location', /\{site\} could change the host/],
    // `https:/evil.example` and `https:evil.example` are of another site to browsers.
    [redirect('{**}'), 'routes[0].action.location', /\{\*\*\} .*another site/],
    [redirect('{id}'), 'routes[0].action.location', /\{id\} .*another site/],
    [redirect('x{id}'), 'routes[0].action.location', /\{id\} .*another site/],
    [redirect('{host}/x'), 'routes[0].action.location', /\{host\} .*another site/],
    [redirect('{query}{id}'), 'routes[0].action.location', /\{id\} .*another site/],
    [redirect('https:/{id}'), 'routes[0].action.location', /\{id\} could change the host/],
    [redirect('https:///{id}/x'), 'routes[0].action.location', /\{id\} could change the host/],
    [redirect('https://{path}'), 'routes[0].action.location', /\{path\} could change the host/],
    [redirect('https://a.test{query}{id}'), 'routes[0].action.location', /\{id\} could change the host/],
    [redirect('https://{id}.'), 'routes[0].action.location', /\{id\} could change the host/],
    [redirect('https://{id}./x'), 'routes[0].action.location', /\{id\} could change the host/],
    [redirect('https://a.test/\\{id}'), 'routes[0].action.location', /no backslash/],
    [headers([['x y', '1']]), 'routes[0].requestHeaders.set[0]', /"x y" is not a header name/],
    [headers([['x', 'a\r\nb: c']]), 'routes[0].requestHeaders.set[0]', /no control characters/],
    [headers([['x', '{nr}']]), 'routes[0].requestHeaders.set[0]', /\{nr\} is not captured/],
    [headers([], ['']), 'routes[0].requestHeaders.remove[0]', /"" is not a header name/],
  ])('%j', (config, at, message) => {
    const problems = problemsOf(table([config]))
    expect(problems.map(([where]) => where)).toEqual([at])
    expect(problems[0]?.[1]).toMatch(message)
  })

  it('names given twice', () => {
    const callers = [{ name: 'vm', cidr: ['x'], spiffe: [] }, { name: 'vm', cidr: [], spiffe: [] }]
    const config = table([route('r', {}), route('r', {})], { callers, services: [service('words'), service('words')] })
    expect(problemsOf(config).map(([at]) => at)).toEqual(['callers[0].cidr[0]', 'callers[1].name', 'services[1].name', 'routes[1].name'])
  })

  it('with everything that is wrong, at its place, even where two routes are wrong alike', () => {
    const bad = { headers: [field('regex:(')], source: [{ kind: 'caller', name: 'nobody' }] } as const
    const config = table([
      route('a', [{ host: [host('/(/')], path: [path('/a'), path('~[')] }, bad]),
      { ...forward([{ service: 'nothing', weight: 1 }]), name: 'b', match: [bad] },
    ])
    expect(problemsOf(config).map(([at]) => at)).toEqual([
      'routes[0].match[0].host[0]',
      'routes[0].match[0].path[1]',
      'routes[0].match[1].headers[0].test.of[0]',
      'routes[0].match[1].source[0]',
      'routes[1].match[0].headers[0].test.of[0]',
      'routes[1].match[0].source[0]',
      'routes[1].action.to[0]',
    ])
  })
})

describe('accepts', () => {
  it.each([redirect('https://{host}{path}{query}'), redirect('https://{id}.a.test/{**}'), redirect('{scheme}://a.test/{id}'), redirect('{path}/{id}'), redirect('https://{host}:8443{path}{query}'), redirect('https://{id}.{host}/'), redirect('x/{id}'), redirect('?for={id}'), rewrite('/'), headers([['x-json', '{"a":{"b":1}}'], ['x-id', 'id={id}']])])('%j', (config) => {
    expect(problemsOf(table([config]))).toEqual([])
  })
})

it('spreads hosts and paths into entries that share what they can', () => {
  const match = { host: [host('a.test'), host('b.test')], path: [path('/x'), path('/y')], method: ['GET'] }
  const { entries } = compileTable(table([route('r', match), route('s', { ...match, host: [host('c.test')] })]))
  expect(entries).toHaveLength(6)
  expect(new Set(entries.map(({ conditions }) => conditions.at(-1))).size).toBe(1)
})

it('a location leads nowhere but to the hosts that its text names, whatever was captured', () => {
  const pieces = constantFrom('https:', 'http:', '{scheme}', ':', '/', '//', 'x', '.a.test', '.', '@', '?', '#', '{id}', '{id}', '{**}', '{group}', '{host}', '{path}', '{query}')
  const evil = constantFrom('evil.test', 'evil.test:80', '@evil.test', ':evil.test', '.evil.test', 'https:evil.test')
  const far = oneof(evil, constantFrom('', '/evil.test', '//evil.test', 'https://evil.test', 'https:/evil.test'))
  let compiled = 0
  assert(property(array(pieces, { minLength: 1, maxLength: 6 }), evil, far, far, constantFrom('', '?x'), (text, id, rest, group, query) => {
    const location = text.join('')
    const config = table([redirect(location, location.includes('{group}') ? ['~^/(?P<group>.*)$'] : undefined)])
    if (problemsOf(config).length > 0) return
    compiled++
    const names = { id, '**': rest.replace(/^\/+|(?<=\/)\/+/g, ''), group, scheme: 'https', host: 'h.test', path: `/${id}`, query }
    const rendered = compileTable(config).routes[0]?.location?.render(names) ?? ''
    for (const base of ['http://gateway.test/a/b', 'https://gateway.test/a/b']) expect(URL.parse(rendered, base)?.hostname ?? '', `${location} as ${rendered}`).not.toMatch(/evil\.test$/)
  }), { numRuns: 3000 })
  expect(compiled).toBeGreaterThan(100)
})

it('renders header rules with captures', () => {
  const compiled = compileTable(table([headers([['X-Id', 'id={id}; json={"a":1}']], ['X-Old'])]))
  const rules = compiled.routes[0]?.requestHeaders
  expect(rules?.remove).toEqual(['x-old'])
  expect(rules?.set.map(([name, key, value]) => [name, key, value.render({ id: '7' })])).toEqual([['X-Id', 'x-id', 'id=7; json={"a":1}']])
})

describe('header values, which leave a byte for each character', () => {
  const respond = (pairs: readonly (readonly [string, string])[]): RouteConfig => route('r', {}, { action: { kind: 'respond', status: 200, body: '', headers: pairs } })

  it.each([['č', 'Ä\u008d'], ['上', 'ä¸\u008a'], ['Grüße {id}', 'GrÃ¼Ã\u009fe 7']])('%j leave as UTF-8', (value, sent) => {
    expect(compileTable(table([headers([['x', value]])])).routes[0]?.requestHeaders?.set[0]?.[2].render({ id: '7' })).toBe(sent)
  })

  it('never hold what would end the line, whatever compiles', () => {
    const clean = /^[\t\x20-\x7e\x80-\xff]*$/
    assert(property(string({ unit: oneof(string({ unit: 'binary', minLength: 1, maxLength: 1 }), constantFrom('č', '上', '\u010a', '\r', '{id}')) }), (value) => {
      const [rules, answer] = [headers([['x', value]]), respond([['x', value]])]
      if (problemsOf(table([rules])).length === 0) expect(compileTable(table([rules])).routes[0]?.requestHeaders?.set[0]?.[2].render({ id: '7' })).toMatch(clean)
      if (problemsOf(table([answer])).length > 0) return
      const { action } = compileTable(table([answer])).routes[0] ?? {}
      expect(action?.kind === 'respond' ? action.headers[0]?.[1] : undefined).toMatch(clean)
    }), { numRuns: 1000 })
  })

  it.each<readonly [pair: readonly [string, string], message: RegExp]>([[['x', 'a\r\nb: c'], /no control characters/], [['x y', '1'], /not a header name/]])('of an answer are checked too: %j', (pair, message) => {
    expect(problemsOf(table([respond([pair])]))).toEqual([['routes[0].action.headers[0]', expect.stringMatching(message)]])
  })
})
