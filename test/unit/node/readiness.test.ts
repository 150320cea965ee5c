// When a gateway says that it may get traffic.
import { expect, test } from 'vitest'
import type { EndpointSet } from '../../../src/model/endpoint.ts'
import type { ServiceEndpoints, Snapshot } from '../../../src/model/snapshot.ts'
import { createReadiness } from '../../../src/node/readiness.ts'
import { endpoint } from '../../support/endpoints.ts'

const ready: EndpointSet = { kind: 'ready', endpoints: [endpoint('a')], at: 1 }
const pending: EndpointSet = { kind: 'pending' }
const refused: EndpointSet = { kind: 'pending', cause: { outcome: 'failed', message: 'nothing listens at 10.0.0.1:8500' } }
const absent: EndpointSet = { kind: 'absent', at: 1 }
const disk: EndpointSet = { kind: 'stale', endpoints: [endpoint('a')], at: 0, cause: { outcome: 'disk', message: 'from the last run' } }

type Sets = Readonly<Record<string, EndpointSet>>

/** What requests are decided by, of which only the services matter here: each has these references. */
function snapshot(...services: readonly Sets[]): Snapshot {
  const of = (sets: Sets): Pick<ServiceEndpoints, 'origins'> => ({ origins: Object.entries(sets).map(([ref, set]) => ({ ref, set })) })
  return { services: services.map(of) } as unknown as Snapshot
}

function gateway(services: readonly Sets[] | undefined): { now: Snapshot | undefined; draining: boolean; serves: boolean; accepts: boolean; reasons: () => readonly string[]; mayAnnounce: (registry: string) => boolean } {
  const state = { now: services === undefined ? undefined : snapshot(...services), draining: false, serves: true, accepts: true }
  const { notReady, mayAnnounce } = createReadiness({ draining: () => state.draining, serves: () => state.serves, accepts: () => state.accepts, snapshot: () => state.now })
  return Object.assign(state, { reasons: notReady, mayAnnounce })
}

test.each<[string, readonly Sets[] | undefined, readonly string[]]>([
  ['there is no table', undefined, ['no table yet']],
  ['the table needs no registry', [], []],
  ['its addresses are in the table', [{ static: ready }], []],
  ['a registry has answered', [{ 'consul/web': ready }], []],
  ['a registry does not know the service', [{ 'consul/web': absent }], []],
  ['the last run knew it', [{ 'consul/web': disk }], []],
  ['nothing was asked yet', [{ 'consul/web': pending }], ['no registry has answered yet: consul/web: not asked']],
  ['no registry can be asked', [{ 'consul/web': refused }, { 'nomad/shop': pending }], ['no registry has answered yet: consul/web: nothing listens at 10.0.0.1:8500']],
  ['one of two services is known', [{ 'consul/web': refused }, { static: ready }], []],
  ['one of two references is known', [{ 'consul/web': refused, 'nomad/web': ready }], []],
])('where %s', (_, services, wanted) => {
  expect(gateway(services).reasons()).toEqual(wanted)
})

test('who was ready stays so, whatever a later table names, until it drains', () => {
  const one = gateway([{ 'consul/web': ready }])
  expect(one.reasons()).toEqual([])
  one.now = snapshot({ 'nomad/web': refused })
  expect(one.reasons()).toEqual([])
  one.draining = true
  expect(one.reasons()).toEqual(['draining'])
})

test('who never was ready is not so by what it knew before its workers were there', () => {
  const one = gateway([{ 'consul/web': ready }])
  one.accepts = false
  one.serves = false
  expect(one.reasons()).toEqual(['starting'])
  one.now = snapshot({ 'nomad/web': pending })
  one.accepts = true
  expect(one.reasons()).toEqual(['no registry has answered yet: nomad/web: not asked'])
})

test('a worker that accepts nothing is said beside what is not known', () => {
  const one = gateway([{ 'consul/web': pending }])
  one.accepts = false
  expect(one.reasons()).toEqual(['no worker accepts connections', 'no registry has answered yet: consul/web: not asked'])
})

test.each<[string, readonly Sets[], boolean]>([
  ['nobody else knows of any service: it says itself why it cannot be told', [{ 'eureka/web': refused }], true],
  ['another one could know, and does not answer', [{ 'eureka/web': pending }, { 'consul/shop': refused }], false],
  ['another one with a name that begins alike could know', [{ 'eureka2/web': pending }], false],
  ['another one knows', [{ 'eureka/web': pending }, { 'consul/shop': ready }], true],
])('whether a registry is told of the gateway where %s', (_, services, may) => {
  expect(gateway(services).mayAnnounce('eureka')).toBe(may)
})

test('no registry is told of one that drains or accepts nothing, and to be told is not to be ready', () => {
  const one = gateway([{ 'eureka/web': pending }])
  expect(one.mayAnnounce('eureka')).toBe(true)
  expect(one.reasons()).toEqual(['no registry has answered yet: eureka/web: not asked'])
  one.draining = true
  expect(one.mayAnnounce('eureka')).toBe(false)
  one.draining = false
  one.accepts = false
  expect(one.mayAnnounce('eureka')).toBe(false)
})
