// Weights in tags as weights of endpoints: shares hold whatever the number of instances, and what is not usable leaves its share.
import { expect, test } from 'vitest'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { reweigh, shareIn } from '../../../src/tags/weights.ts'
import { endpoint, pickContext } from '../../support/endpoints.ts'
import { fakePlatform, seededRandom } from '../../support/fake-platform.ts'

const ready = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'ready', endpoints, at: 1 })
const weights = (set: EndpointSet): number[] => (set.kind === 'ready' || set.kind === 'stale' ? set.endpoints.map(({ weight }) => weight) : [])
const W = 'fairlead.route.weight=5%'

test.each([
  ['nothing is asked for', [{}, {}], [1, 1]],
  ['one canary of 5%', [{}, {}, { tags: [W] }], [1.425, 1.425, 0.15]],
  ['two share the 5%', [{}, { tags: [W] }, { tags: [W] }], [2.85, 0.075, 0.075]],
  ['Fabio gives each its own', [{}, { tags: ['urlprefix-/x weight=0.1'] }, { tags: ['urlprefix-/x weight=0.1'] }], [2.4, 0.3, 0.3]],
  ['a critical canary leaves its share', [{}, { tags: [W], health: 'critical' }], [1, 0]],
  ['alone they have everything', [{ tags: [W] }, { tags: ['fairlead.route.weight=15%'] }], [0.5, 1.5]],
  ['more than everything is scaled down', [{}, { tags: ['urlprefix-/x weight=1'] }, { tags: ['urlprefix-/x weight=1'] }], [0, 1.5, 1.5]],
  ['of several tags of one instance the first as text counts, in whatever order', [{}, { tags: ['urlprefix-/b weight=0.5', 'urlprefix-/a weight=0.1'] }, { tags: ['urlprefix-/a weight=0.1', 'urlprefix-/b weight=0.5'] }], [2.4, 0.3, 0.3]],
  ['0% is none', [{}, { tags: ['fairlead.route.weight=0%'] }], [2, 0]],
  ['the rest goes by registry weights', [{ weight: 3 }, { weight: 1 }, { tags: [W] }], [3.5625, 1.1875, 0.25]],
  ['one that leaves takes nothing from those that stay', [{}, { tags: [W] }, { tags: [W], draining: true }], [1.9, 0.1, 1]],
  ['those that leave share among themselves as those that stay do', [{ draining: true }, { tags: [W], draining: true }, { tags: [W], health: 'maintenance', draining: true }], [1.9, 0.1, 0]],
  ['where the registry gives nobody any, shares are all there is', [{ weight: 0 }, { weight: 0, tags: [W] }], [0, 1]],
  ['metadata counts as tags do', [{}, { meta: { 'fairlead.routes.x.weight': '50%' } }], [1, 1]],
] as const)('%s', (_, fields, expected) => {
  expect(weights(reweigh(ready(...fields.map((each, i) => endpoint(`e${i}`, each as Partial<Endpoint>)))))).toEqual(expected)
})

test('where all that is left drains and still serves, it gets the requests, by the shares that its tags ask for', () => {
  const all = [endpoint('plain', { host: '10.0.0.1', draining: true }), endpoint('canary', { host: '10.0.0.2', draining: true, tags: [W] }), endpoint('none', { host: '10.0.0.3', draining: true, tags: ['fairlead.route.weight=0%'] })]
  const config = { name: 'web', from: ['k8s/web'], endpoints: [], subsets: {}, balance: { kind: 'random' as const }, connectTimeout: 1000, maxConnections: 1024 }
  const { picker } = createEndpointBook(fakePlatform()).build(config, () => reweigh(ready(...all))).all
  const random = seededRandom(1)
  const picked = Array.from({ length: 2000 }, () => picker.pick(pickContext(random))?.endpoint.id)
  const count = (id: string): number => picked.filter((each) => each === id).length
  expect([count('none'), count('plain') + count('canary')]).toEqual([0, 2000])
  expect(count('canary')).toBeGreaterThan(60)
  expect(count('canary')).toBeLessThan(140)
})

test('shares in one registry leave those of another one that is merged with it what it has', () => {
  const consul = reweigh(ready(endpoint('a', { host: '10.0.0.1' }), endpoint('canary', { host: '10.0.0.2', tags: [W] })))
  const sets = new Map([['consul/web', consul], ['nomad/web', ready(endpoint('n1', { host: '10.0.0.3' }), endpoint('n2', { host: '10.0.0.4' }))]])
  const config = { name: 'web', from: [...sets.keys()], endpoints: [], subsets: {}, balance: { kind: 'random' as const }, connectTimeout: 1000, maxConnections: 1024, merge: true }
  const { picker } = createEndpointBook(fakePlatform()).build(config, (ref) => sets.get(ref) ?? { kind: 'pending' }).all
  const random = seededRandom(1)
  const picked = Array.from({ length: 4000 }, () => picker.pick(pickContext(random))?.endpoint.id ?? '')
  const share = (...ids: string[]): number => picked.filter((each) => ids.includes(each)).length / 4000
  expect(share('n1', 'n2')).toBeCloseTo(0.5, 1)
  expect(share('canary')).toBeCloseTo(0.025, 1.5)
})

test('a set without wishes stays the very same, and an age that moves on goes on doing so', () => {
  const plain = ready(endpoint('a'))
  expect(reweigh(plain)).toBe(plain)
  let at = 1
  const aging: EndpointSet = { kind: 'ready', endpoints: [endpoint('a', { tags: [W] })], get at() { return at } }
  const changed = reweigh(aging)
  at = 2
  expect(changed).toMatchObject({ at: 2 })
  expect(reweigh({ kind: 'absent', at: 1 })).toEqual({ kind: 'absent', at: 1 })
})

test.each([
  ['fairlead.route.weight=5', undefined],
  ['urlprefix-/x weight=0', undefined],
  ['urlprefix-/x strip=/x weight=.5 proto=http', { kind: 'own', share: 0.5 }],
  ['fairlead.route.weight=12.5%', { kind: 'group', share: 0.125 }],
])('%s', (tag, share) => {
  expect(shareIn(tag)).toEqual(share)
})
