// The admin page's script is text to the compiler and the linter: here it is at least read by an engine, and shown hostile tags.
import { createContext, Script } from 'node:vm'
import { expect, test } from 'vitest'
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

test('refused tags and catalogues are shown as texts, with turned and invisible characters written out', () => {
  const places = new Map<string, FakeNode>()
  const getElementById = (id: string): FakeNode => places.getOrInsertComputed(id, () => new FakeNode())
  const page = createContext({ Node: FakeNode, document: { hidden: true, getElementById, createElement: () => new FakeNode() }, setTimeout: () => {} })
  new Script(PAGE_SCRIPT).runInContext(page)
  const tag = { registry: 'consul', service: 'words', instances: ['n1/w-1', 'n1/w-2', 'n1/w-3', 'n1/w-4'], count: 20, tag: 'fairlead.route=\u202egnp.exe/{ <b>', reason: 'holds \u001b[2J', kind: 'refused' }
  const answer = { catalogs: [{ registry: 'nomad', mode: 'pending', services: 0, cause: 'connection refused' }], refusedTags: [{ ...tag, kind: 'note', tag: 'last' }, tag] }
  new Script(`showTags(${JSON.stringify(answer)})`).runInContext(page)
  expect(getElementById('tags').hidden).toBe(false)
  expect(getElementById('refused-alert').texts.join('')).toContain('1 tag was refused, each alone')
  expect(getElementById('catalogs').texts).toEqual(expect.arrayContaining(['nomad', 'pending', '0', 'never', 'connection refused']))
  const refused = getElementById('refused').texts
  expect(refused).toEqual(expect.arrayContaining(['consul', 'words', 'n1/w-3', 'and 17 more', String.raw`fairlead.route=\u202egnp.exe/{ <b>`, String.raw`holds \u001b[2J`, 'served, without a part']))
  expect(refused.indexOf('last')).toBeGreaterThan(refused.indexOf('refused'))
  new Script('showTags({ catalogs: [], refusedTags: [] })').runInContext(page)
  expect([getElementById('tags').hidden, getElementById('refused-alert').hidden]).toEqual([true, true])
})
