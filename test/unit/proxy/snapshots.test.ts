// What a change of one set costs: the services that draw on it, and no others.
import { expect, test } from 'vitest'
import type { EndpointSet } from '../../../src/model/endpoint.ts'
import type { ServiceEndpoints } from '../../../src/model/snapshot.ts'
import { createEndpointBook, type EndpointBook } from '../../../src/proxy/endpoints.ts'
import { Snapshots } from '../../../src/proxy/snapshots.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { service, table as config } from '../../support/build-table.ts'
import { endpoint } from '../../support/endpoints.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const ready = (...ids: readonly string[]): EndpointSet => ({ kind: 'ready', at: 1, endpoints: ids.map((id) => endpoint(id, { host: id })) })

function open(): { readonly snapshots: Snapshots; readonly built: string[] } {
  const book = createEndpointBook(fakePlatform())
  const built: string[] = []
  const counting: EndpointBook = {
    ...book,
    build: (config, sets) => {
      built.push(config.name)
      return book.build(config, sets)
    },
  }
  return { snapshots: new Snapshots(counting, () => {}), built }
}

const services = [
  { ...service('both'), from: ['r/a', 'r/b'] },
  { ...service('one'), from: ['r/a'] },
  { ...service('other'), from: ['r/c'] },
]
const table = compileTable(config([], { services }))
const REVISION = { number: 1, hash: 'x', origin: 'test', at: 0 }

test('a set builds the services that draw on it, once each, and leaves the others as they are', () => {
  const { snapshots, built } = open()
  snapshots.useTable(table, REVISION)
  expect([...snapshots.refs].sort()).toEqual(['r/a', 'r/b', 'r/c'])
  const of = (name: string): ServiceEndpoints => snapshots.current.services[table.services.findIndex((service) => service.name === name)] as ServiceEndpoints
  const [before, other] = [snapshots.current, of('other')]
  built.length = 0
  snapshots.useSet('r/a', ready('x'))
  expect(built.sort()).toEqual(['both', 'one'])
  expect(of('other')).toBe(other)
  expect(of('both').all.states.map((state) => state.endpoint.id)).toEqual(['x'])
  // A request that took the snapshot before still has it as it was.
  expect(before.services.every((service) => service.all.states.length === 0)).toBe(true)
})

test('a set that no service draws on is kept for the next table, and forgotten with it', () => {
  const { snapshots, built } = open()
  snapshots.useSet('r/a', ready('x'))
  snapshots.useSet('r/z', ready('z'))
  expect(built).toEqual([])
  expect(snapshots.uses('r/a')).toBe(false)
  snapshots.useTable(table, REVISION)
  expect(snapshots.uses('r/a')).toBe(true)
  expect(snapshots.current.services.flatMap((service) => service.all.states).length).toBe(2)
  expect(snapshots.setOf('r/z').kind).toBe('pending')
})
