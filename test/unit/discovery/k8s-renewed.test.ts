// What did not change in a slice keeps its very objects, from the state of a namespace to the endpoints of a set.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admit } from '../../../discovery/admit.ts'
import { isSameJson } from '../../../discovery/json.ts'
import { readEndpoints } from '../../../discovery/k8s/endpoints.ts'
import type { K8sRef } from '../../../discovery/k8s/ref.ts'
import { createK8sState, type K8sState } from '../../../discovery/k8s/state.ts'
import type { Instance } from '../../../discovery/reading.ts'

const ref: K8sRef = { namespace: 'default', service: 'web', port: undefined, family: undefined }

interface Pod {
  readonly at: string
  readonly ready?: boolean
  readonly zones?: readonly string[]
}

let version = 0

/** A slice as the API server writes it: new objects each time. */
function written(pods: readonly Pod[], labels: object = {}): object {
  const endpoints = pods.map(({ at, ready = true, zones }) => ({ addresses: [at], conditions: { ready }, targetRef: { kind: 'Pod', name: `pod-${at}` }, ...(zones === undefined ? {} : { hints: { forZones: zones.map((name) => ({ name })) } }) }))
  return { metadata: { name: 'web-1', resourceVersion: String(++version), labels: { 'kubernetes.io/service-name': 'web', ...labels } }, addressType: 'IPv4', ports: [{ port: 80 }], endpoints }
}

function instances(state: K8sState, wanted: Partial<K8sRef> = {}, zone?: string): readonly Instance[] {
  const found = readEndpoints(state.slicesOf('web'), { ...ref, ...wanted }, zone)
  if ('problem' in found) throw new Error(found.problem)
  return found.instances
}

/** Of the addresses after a change, those whose instance is the object that it was before. */
function kept(before: readonly Instance[], after: readonly Instance[]): unknown {
  return after.filter((instance) => before.includes(instance)).map(({ host }) => host)
}

describe.each<[string, (state: K8sState, object: object) => unknown]>([
  ['an event', (state, object) => state.apply('MODIFIED', object)],
  ['a new list', (state, object) => state.replace([object])],
])('after %s', (_how, take) => {
  const changed = (after: readonly Pod[], labels?: object): unknown => {
    const state = createK8sState(() => true)
    state.apply('ADDED', written([{ at: '10.0.0.1' }, { at: '10.0.0.2' }, { at: '10.0.0.3' }]))
    const before = instances(state)
    take(state, written(after, labels))
    expect(instances(state).map(({ host }) => host)).toEqual(after.map(({ at }) => at))
    return kept(before, instances(state))
  }

  test.each<[string, readonly Pod[], readonly string[]]>([
    ['nothing differs', [{ at: '10.0.0.1' }, { at: '10.0.0.2' }, { at: '10.0.0.3' }], ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
    ['one is not ready any more', [{ at: '10.0.0.1' }, { at: '10.0.0.2', ready: false }, { at: '10.0.0.3' }], ['10.0.0.1', '10.0.0.3']],
    ['the first has left, and the order is another', [{ at: '10.0.0.3' }, { at: '10.0.0.4' }, { at: '10.0.0.2' }], ['10.0.0.3', '10.0.0.2']],
  ])('%s', (_what, after, same) => {
    expect(changed(after)).toEqual(same)
  })

  test('other labels are other metadata', () => {
    expect(changed([{ at: '10.0.0.1' }], { team: 'shop' })).toEqual([])
  })
})

test('each port has instances of its own', () => {
  const state = createK8sState(() => true)
  state.apply('ADDED', { ...written([{ at: '10.0.0.1' }]), ports: [{ port: 80 }, { port: 81 }] })
  expect([80, 81, 80].map((port) => instances(state, { port })[0]?.port)).toEqual([80, 81, 80])
})

test('a hint that is of no use any more leaves no zone behind', () => {
  const state = createK8sState(() => true)
  const own = (): unknown => admit(instances(state, {}, 'a'), { registry: 'k8s', allowLinkLocal: false, at: 1 }).endpoints.map(({ host, zone }) => `${host} ${zone}`)
  state.apply('ADDED', written([{ at: '10.0.0.1', zones: ['a'] }, { at: '10.0.0.2', zones: ['b'] }]))
  expect(own()).toEqual(['10.0.0.1 a', '10.0.0.2 b'])
  state.apply('MODIFIED', written([{ at: '10.0.0.1', zones: ['a'] }, { at: '10.0.0.2' }]))
  expect(own()).toEqual(['10.0.0.1 undefined', '10.0.0.2 undefined'])
})

describe('what lasts is admitted once', () => {
  const options = { registry: 'k8s', allowLinkLocal: false, at: 1 }
  const lasting: Instance = { id: 'a', host: '10.0.0.1', port: 80, health: 'passing', lasting: true }

  test('and is the same endpoint from then on', () => {
    const [first] = admit([lasting], options).endpoints
    expect(admit([lasting], { ...options, at: 2 }).endpoints[0]).toBe(first)
    expect(admit([{ ...lasting }], { ...options, at: 2 }).endpoints[0]).toMatchObject({ learnedAt: 2 })
  })

  test('for each registry', () => {
    expect(['one', 'other'].map((registry) => admit([lasting], { ...options, registry }).endpoints[0]?.id)).toEqual(['one/a', 'other/a'])
  })

  test('what is refused is refused each time, and by the rules of each registry', () => {
    const local: Instance = { ...lasting, host: '169.254.1.1' }
    const left: Instance = { ...lasting, weight: 'heavy' }
    for (let i = 0; i < 2; i++) {
      expect(admit([local], { ...options, allowLinkLocal: true }).endpoints).toHaveLength(1)
      expect(admit([local], options)).toMatchObject({ endpoints: [], rejected: [{ id: 'a' }] })
      expect(admit([left], options)).toMatchObject({ endpoints: [{ weight: 1 }], rejected: [{ id: 'a' }] })
    }
  })
})

describe('isSameJson', () => {
  const json = fc.jsonValue({ maxDepth: 4 })
  const again = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

  test('says what texts with sorted keys say', () => {
    const sorted = (value: unknown): string =>
      JSON.stringify(value, (_key, each: unknown) => (typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each))
    fc.assert(fc.property(json, json, (a, b) => isSameJson(again(a), again(b)) === (sorted(a) === sorted(b))))
    fc.assert(fc.property(json, (a) => isSameJson(again(a), again(a))))
  })

  test('does not go deeper than a registry has reason to', () => {
    const deep = (): unknown => JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown
    expect(isSameJson(deep(), deep())).toBe(false)
  })
})
