// The registries whose tags make routes, as `fairlead routes` shows them.
import { expect, test } from 'vitest'
import { catalogsText } from '../../../src/cli/catalogs-text.ts'
import type { RefusedTag } from '../../../src/model/tagged.ts'

const tag = (registry: string, kind: RefusedTag['kind'] = 'refused'): RefusedTag => ({ registry, service: 'words', instances: ['a'], count: 1, tag: 't', reason: 'r', kind })

test('a line for each registry, lined up: its state, services, refused tags and age, and why it is not live', () => {
  const lines = catalogsText(
    [
      { registry: 'consul', mode: 'live', services: 12, lastSuccess: 99_000 },
      { registry: 'nomad', mode: 'stale', services: 1, lastSuccess: 40_000, cause: 'no answer within 10 s' },
      { registry: 'mesos', mode: 'pending', services: 0, cause: 'connection refused' },
    ],
    [tag('consul'), tag('consul'), tag('consul', 'note'), tag('nomad')],
    100_000,
  )
  expect(lines).toEqual([
    '',
    'routes from the tags of',
    '  consul  live     12 services  2 tags refused  confirmed 1 s ago',
    '  nomad   stale    1 service    1 tag refused   confirmed 60 s ago  no answer within 10 s',
    '  mesos   pending  0 services                   never confirmed     connection refused',
  ])
})

test('nothing where no registry gives routes', () => {
  expect(catalogsText([], [], 0)).toEqual([])
})
