// Labels of ours that make no route: who wrote one where nothing reads it is told.
import { expect, test } from 'vitest'
import { instancesOf } from '../../../src/tags/instances.ts'
import { isRouted } from '../../../src/tags/list.ts'
import { endpoint } from '../../support/endpoints.ts'
import { assembled } from '../../support/tagged.ts'

const A = 'fairlead.route=a.test/**'

function refusedOf(tags: readonly string[], meta: Readonly<Record<string, string>> = {}, meant: readonly string[] = []): readonly unknown[] {
  const instances = instancesOf({ kind: 'ready', endpoints: [endpoint('x', { tags, meta })], at: 0 })
  const { refused } = assembled([{ registry: 'mesos', ref: 'mesos/words', name: 'words', unlisted: false, instances }], { registries: ['mesos'], meant: new Map([['mesos', meant]]) })
  return refused.map(({ kind, tag, reason }) => [kind, tag, reason])
}

const SHARE = 'means nothing in mesos, where weights are said otherwise; for a share of the requests write fairlead.route.weight='

test.each([
  [['fairlead.weight=5%'], [['note', 'fairlead.weight=5%', `${SHARE}5%`]]],
  [['fairlead.weight=12.5%'], [['note', 'fairlead.weight=12.5%', `${SHARE}12.5%`]]],
  [['fairlead.weight=50'], [['note', 'fairlead.weight=50', `${SHARE}5%`]]],
  [['fairlead.zone=b'], [['note', 'fairlead.zone=b', 'means nothing in mesos, where zones are said otherwise']]],
  [['fairlead.tags=v1,v2'], [['note', 'fairlead.tags=v1,v2', 'means nothing in mesos, where tags are said otherwise']]],
  [['fairlead.meta.version=2'], [['note', 'fairlead.meta.version=2', 'means nothing in mesos, where metadata are said otherwise']]],
  // Nothing that we say.
  [['fairlead-weight=5', 'weight=5', 'v1'], []],
])('%j beside a route', (tags, expected) => {
  expect(refusedOf([A, ...tags])).toEqual(expected)
})

test('in metadata, and only where it is not meant', () => {
  const meta = { 'fairlead.weight': '5', 'fairlead.tags': 'v1', 'fairlead.zone': 'b' }
  expect(refusedOf([A], meta, ['fairlead.weight', 'fairlead.tags'])).toEqual([['note', 'fairlead.zone=b', expect.any(String)]])
})

test('without a route nobody is told, and nothing is routed', () => {
  expect(refusedOf(['fairlead.weight=5%'])).toEqual([])
  expect(isRouted(['fairlead.weight=5%'])).toBe(false)
  expect(instancesOf({ kind: 'ready', endpoints: [endpoint('x', { tags: ['fairlead.weight=5%'] })], at: 0 })[0]?.labels).toEqual([])
})
