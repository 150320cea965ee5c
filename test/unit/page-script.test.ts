// The admin page's script is text to the compiler and the linter: here it is at least read by an engine, and shown hostile tags.
import { createContext, Script } from 'node:vm'
import { expect, test } from 'vitest'
import type { StoreStatus } from '../../src/model/store.ts'
import { PAGE_SCRIPT } from '../../src/node/admin/page-script.ts'

test('the script of the admin page parses', () => {
  expect(() => new Script(PAGE_SCRIPT)).not.toThrow()
})

/** As much of an element as the script touches; it can hold texts and elements, and no HTML. */
class FakeNode {
  readonly dataset: Record<string, string> = {}
  children: (FakeNode | string)[] = []
  hidden = false
  set textContent(text: string) {
    this.children = [text]
  }
  get texts(): string[] {
    return this.children.flatMap((child) => (typeof child === 'string' ? [child] : child.texts))
  }
  append(...children: (FakeNode | string)[]): void {
    this.children.push(...children)
  }
  replaceChildren(...children: (FakeNode | string)[]): void {
    this.children = children
  }
  addEventListener(): void {}
}

function openPage(more: object = {}): { readonly getElementById: (id: string) => FakeNode; readonly run: (script: string) => void } {
  const places = new Map<string, FakeNode>()
  const getElementById = (id: string): FakeNode => places.getOrInsertComputed(id, () => new FakeNode())
  const page = createContext({ Node: FakeNode, document: { hidden: true, getElementById, createElement: () => new FakeNode() }, setTimeout: () => {}, ...more })
  const run = (script: string): void => void new Script(script).runInContext(page)
  run(PAGE_SCRIPT)
  return { getElementById, run }
}

test('a gateway that stands still is shown as one that does not answer', async () => {
  const patience = new AbortController()
  const fetch = (_path: string, { signal }: RequestInit = {}): Promise<never> => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('timed out'))))
  const { getElementById, run } = openPage({ fetch, AbortSignal: { timeout: () => patience.signal } })
  run('document.hidden = false; void poll()')
  patience.abort()
  await new Promise(setImmediate)
  expect(getElementById('state').texts).toEqual(['the gateway does not answer'])
})

test('a header that is explained may hold semicolons', () => {
  const { getElementById, run } = openPage()
  run("byId('result').append(JSON.stringify(headersOf('cookie: a=1; b=2; x-user: tester-1;accept:text/html;q=0.5;')))")
  expect(JSON.parse(getElementById('result').texts.join(''))).toEqual([['cookie', 'a=1; b=2'], ['x-user', 'tester-1'], ['accept', 'text/html;q=0.5']])
})

test('what is wrong with the route store is shown as text while it is, and the last good table that cannot be saved', () => {
  const { getElementById, run } = openPage()
  const alert = getElementById('store-alert')
  const show = (store: StoreStatus | null, revision: object | null = {}): string => {
    run(`now = 100000; showStore(${JSON.stringify({ store, revision })})`)
    return alert.hidden ? 'hidden' : alert.texts.join('|')
  }
  const lastError = { at: 99_000, message: 'holds \u001b[2J' }
  expect(show({ store: 'redis', mode: 'unreachable', since: 40_000, lastSuccess: 35_000, lastError })).toBe(String.raw`The route store redis cannot be read| (unreachable for 60 s, last read 65 s ago). The table in force stays.|holds \u001b[2J`)
  expect(show({ store: 'redis', mode: 'pending', since: 98_000 }, null)).toBe('The route store redis has not answered yet| (pending for 2 s, never read since the start). There is no table yet.')
  expect(show({ store: 'redis', mode: 'live', since: 0, lastSuccess: 99_000, lastError, lastGood: { fault: 'ENOSPC' } })).toBe('The last good table on disk| cannot be used by a start while the store is down: ENOSPC')
  expect(show({ store: 'redis', mode: 'live', since: 0, lastSuccess: 99_000, lastError, lastGood: { savedAt: 5 } })).toBe('hidden')
  expect(show(null)).toBe('hidden')
})

test('refused tags and catalogues are shown as texts, with turned and invisible characters written out', () => {
  const { getElementById, run } = openPage()
  const tag = { registry: 'consul', service: 'words', instances: ['n1/w-1', 'n1/w-2', 'n1/w-3', 'n1/w-4'], count: 20, tag: 'fairlead.route=\u202egnp.exe/{ <b>', reason: 'holds \u001b[2J', kind: 'refused' }
  const answer = { catalogs: [{ registry: 'nomad', mode: 'pending', services: 0, cause: 'connection refused' }], refusedTags: [{ ...tag, kind: 'note', tag: 'last' }, tag] }
  run(`showTags(${JSON.stringify(answer)})`)
  expect(getElementById('tags').hidden).toBe(false)
  expect(getElementById('refused-alert').texts.join('')).toContain('1 tag was refused, each alone')
  expect(getElementById('catalogs').texts).toEqual(expect.arrayContaining(['nomad', 'pending', '0', 'never', 'connection refused']))
  const refused = getElementById('refused').texts
  expect(refused).toEqual(expect.arrayContaining(['consul', 'words', 'n1/w-3', 'and 17 more', String.raw`fairlead.route=\u202egnp.exe/{ <b>`, String.raw`holds \u001b[2J`, 'served, without a part']))
  expect(refused.indexOf('last')).toBeGreaterThan(refused.indexOf('refused'))
  run('showTags({ catalogs: [], refusedTags: [] })')
  expect([getElementById('tags').hidden, getElementById('refused-alert').hidden]).toEqual([true, true])
})

test('requests a second are those of every route, not of the ones that the page lists', () => {
  const { getElementById, run } = openPage()
  const at = (requests: number, seconds: number): void => run(`elapsed = ${seconds}; showCounts(${JSON.stringify({ requests, requestsActive: 0, tunnelsOpen: 0, downstreamOpen: 0, upstreamOpen: 0, upstreamReused: 0, upstreamOpened: 0 })})`)
  at(1000, 0)
  at(1300, 2)
  expect(getElementById('rate').texts.join()).toMatch(/^150\b/)
})

test('what is wrong with a refused table is said with its hint as it is elsewhere', () => {
  const { getElementById, run } = openPage()
  const problem = { severity: 'error', path: 'routes[0].mach', line: 3, column: 1, message: "unknown key 'mach'", hint: 'did you mean match?' }
  run(`now = 0; showRoutes(${JSON.stringify({ routes: [], omitted: 0, tie: [], revision: null, rejected: [{ origin: 'file', at: 0, problems: [problem] }] })})`)
  expect(getElementById('rejected').texts.join('')).toContain("routes[0].mach (line 3) unknown key 'mach' (did you mean match?)")
})
