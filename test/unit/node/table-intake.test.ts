// What becomes of each word of a route store: in which order a table is put in force, and what one that is bad costs.
import { expect, onTestFinished, test } from 'vitest'
import type { EndpointSet } from '../../../src/model/endpoint.ts'
import type { TableConfig } from '../../../src/model/table-config.ts'
import { SetRelay } from '../../../src/node/set-relay.ts'
import { TableIntake } from '../../../src/node/table-intake.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { Snapshots } from '../../../src/proxy/snapshots.ts'
import { createRevisions } from '../../../src/store/revisions.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { soon } from '../../support/soon.ts'
import { routeNamed, tableOf } from '../../support/store-events.ts'

const PENDING: EndpointSet = { kind: 'pending' }
/** Names a service that it has not. */
const BROKEN: TableConfig = { ...tableOf(), routes: [{ ...routeNamed('a'), action: { kind: 'forward', to: [{ service: 'none', weight: 1 }] } }] }

/** An intake at work. Whoever serves takes a table when `serve` is called. A store that is `deaf` cannot be told of refusals. */
function start({ deaf = false } = {}) {
  const platform = fakePlatform()
  const steps: string[] = []
  const snapshots = new Snapshots(createEndpointBook(platform), ({ revision }) => void steps.push(`snapshot ${revision.number}`))
  const store = memoryStore(platform)
  const revisions = createRevisions(platform)
  let serve: () => void = () => {}
  const intake = new TableIntake({
    store: {
      ...store,
      acknowledge: async (origin, status) => {
        steps.push(`${status} ${origin}`)
        if (status === 'rejected' && deaf) throw new Error('a defect')
      },
    },
    platform: { ...platform, log: (_level, message) => void steps.push(message) },
    relay: new SetRelay({ snapshots, get: () => PENDING, waits: () => false, tagged: [], tell() {} }),
    revisions,
    inForce: (table) => {
      if (table.routes.length === 0) throw new Error('a defect')
      steps.push('told who serves')
      return new Promise((resolve) => (serve = resolve))
    },
  })
  const life = new AbortController()
  onTestFinished(() => life.abort())
  void intake.follow(life.signal)
  return {
    snapshots, revisions, intake, store, serve: () => serve(),
    /** What happened since it was last asked for, up to this step; a table's hash is made by the system, in its own time. */
    until: async (step: string): Promise<readonly string[]> => {
      await soon(() => expect(steps).toContain(step))
      await platform.settle()
      return steps.splice(0)
    },
  }
}

test('a table is in force here, then wherever it is served, and only then does the store hear of it', async () => {
  const { store, serve, until } = start()
  store.set(tableOf('a'))
  expect(await until('told who serves')).toEqual(['snapshot 1', 'told who serves'])
  serve()
  expect(await until('applied memory:1')).toEqual(['table in force', 'applied memory:1'])
})

test('of one that is in force already only the store hears', async () => {
  const { store, serve, until } = start()
  store.set(tableOf('a'))
  await until('told who serves')
  serve()
  await until('applied memory:1')
  store.set(tableOf('a'))
  expect(await until('applied memory:2')).toEqual(['applied memory:2'])
})

test('one that does not compile is refused, counted and remembered, and the one before stays', async () => {
  const { snapshots, revisions, intake, store, serve, until } = start()
  store.set(tableOf('a'))
  await until('told who serves')
  serve()
  await until('applied memory:1')
  store.set(BROKEN)
  expect(await until('rejected memory:2')).toEqual(['a table does not compile; the running one stays', 'rejected memory:2'])
  expect(intake.rejected).toBe(1)
  expect(revisions.refused()).toMatchObject([{ origin: 'memory:2', during: 1 }])
  expect(snapshots.current.revision.number).toBe(1)
})

test('one that the store refuses is counted and remembered too, until the store holds what is in force', async () => {
  const { revisions, intake, store, until } = start()
  store.report({ kind: 'rejected', origin: 'memory:2', problems: [{ severity: 'error', path: 'routes[0]', line: 3, column: 1, message: 'bad' }] })
  expect(await until('a table was refused; the running one stays')).toHaveLength(1)
  expect(intake.rejected).toBe(1)
  expect(revisions.refused()).toHaveLength(1)
  store.report({ kind: 'confirmed', origin: 'memory:1' })
  await until('the route store answers again')
  expect(revisions.refused()).toEqual([])
})

test('a defect while one is taken does not end the taking', async () => {
  const { store, until } = start()
  store.set(tableOf())
  expect(await until('a defect while taking a table')).toEqual(['snapshot 1', 'a defect while taking a table'])
  store.set(tableOf('a'))
  expect(await until('told who serves')).toEqual(['snapshot 2', 'told who serves'])
})

test('nor does one while the store is told that a table was refused', async () => {
  const { store, until } = start({ deaf: true })
  store.set(BROKEN)
  expect(await until('a defect while taking a table')).toEqual(['a table does not compile; the running one stays', 'rejected memory:1', 'a defect while taking a table'])
  store.set(tableOf('a'))
  expect(await until('told who serves')).toEqual(['snapshot 1', 'told who serves'])
})
