// How slices become instances: ports, conditions, families, pods in two slices, hints. Tables over the published form.
import { describe, expect, test } from 'vitest'
import { readEndpoints } from '../../../discovery/k8s/endpoints.ts'
import { readK8sRef, type K8sRef } from '../../../discovery/k8s/ref.ts'
import { readSlice, type Slice } from '../../../discovery/k8s/slice.ts'
import { parseRef } from '../../../src/model/discoverer.ts'

interface Written {
  readonly name?: string
  readonly labels?: object
  readonly family?: string
  readonly endpoints?: unknown
  readonly ports?: unknown
}

const http = [{ name: 'http', port: 8080, protocol: 'TCP' }]

function slice({ name = 'web-1', labels = {}, family = 'IPv4', endpoints = [{ addresses: ['10.0.0.1'] }], ports = http }: Written = {}): Slice {
  const read = readSlice({ kind: 'EndpointSlice', metadata: { name, resourceVersion: '1', labels: { 'kubernetes.io/service-name': 'web', ...labels } }, addressType: family, endpoints, ports })
  if (typeof read === 'string') throw new Error(read)
  return read
}

const ref = (more: Partial<K8sRef> = {}): K8sRef => ({ namespace: 'default', service: 'web', port: undefined, family: undefined, ...more })

/** `host:port` of each instance with what is not plain about it; what was refused; or the problem. */
function texts(slices: readonly Slice[], wanted: Partial<K8sRef> = {}, own?: string): readonly string[] {
  const found = readEndpoints(slices, ref(wanted), own)
  if ('problem' in found) return [found.problem]
  const instances = found.instances.map(({ host, port, health, draining, zone }) => [`${String(host)}:${String(port)}`, ...(health === 'passing' ? [] : [health]), ...(draining === true ? ['draining'] : []), ...(zone === undefined ? [] : [String(zone)])].join(' '))
  return [...instances, ...found.rejected.map(({ id, reason }) => `${id} ${reason}`)]
}

const pod = (address: string, uid: string, more: object = {}): object => ({ addresses: [address], targetRef: { kind: 'Pod', name: `web-${uid}`, uid }, ...more })

describe('conditions', () => {
  test.each([
    ['none', undefined, ''],
    ['empty', {}, ''],
    ['ready', { ready: true }, ''],
    ['ready, all said', { ready: true, serving: true, terminating: false }, ''],
    ['not ready', { ready: false }, ' critical'],
    ['null counts as not said', { ready: null, serving: null, terminating: null }, ''],
    ['leaving, and still serving', { ready: false, serving: true, terminating: true }, ' draining'],
    ['leaving, and serving no more', { ready: false, serving: false, terminating: true }, ' critical draining'],
    ['leaving, serving not said', { ready: false, terminating: true }, ' critical draining'],
    ['serving but not ready is not routable', { ready: false, serving: true, terminating: false }, ' critical'],
    ['published although not ready', { ready: true, serving: false, terminating: true }, ''],
  ])('%s', (_, conditions, wanted) => {
    expect(texts([slice({ endpoints: [{ addresses: ['10.0.0.1'], conditions }] })])).toEqual([`10.0.0.1:8080${wanted}`])
  })
})

describe('ports', () => {
  const two = [{ name: 'http', port: 8080, protocol: 'TCP' }, { name: 'admin', port: 9090, protocol: 'TCP' }]
  test.each<[string, unknown, K8sRef['port'], string]>([
    ['the only one', http, undefined, '10.0.0.1:8080'],
    ['the only one has no name', [{ port: 8080 }], undefined, '10.0.0.1:8080'],
    ['a name', two, 'admin', '10.0.0.1:9090'],
    ['a number', two, 9090, '10.0.0.1:9090'],
    ['several, none named', two, undefined, 'default/web has several ports: http (8080), admin (9090); name one, such as default/web:http'],
    ['a name that is not there', two, 'grpc', 'default/web has no TCP port grpc; its endpoints have http (8080), admin (9090)'],
    ['a number that is not there', two, 80, 'default/web has no TCP port 80; its endpoints have http (8080), admin (9090)'],
    ['one of UDP does not count', [...http, { name: 'dns', port: 53, protocol: 'UDP' }], undefined, '10.0.0.1:8080'],
    ['only UDP', [{ name: 'dns', port: 53, protocol: 'UDP' }], 'dns', 'default/web has no TCP port dns; its endpoints have none'],
    ['any port, and a number', [{ name: '', port: null, protocol: 'TCP' }], 7000, '10.0.0.1:7000'],
    ['any port, and none said', [{ name: '', port: null, protocol: 'TCP' }], undefined, 'default/web says no port; write its number: default/web:8080'],
    ['no ports, and a number', null, 7000, '10.0.0.1:7000'],
    ['no ports, and none said', null, undefined, 'default/web says no port; write its number: default/web:8080'],
    ['an empty list, and a name', [], 'http', 'default/web has no TCP port http; its endpoints have none'],
  ])('%s', (_, ports, port, wanted) => {
    expect(texts([slice({ ports })], { port })).toEqual([wanted])
  })

  test('a name may stand for another number in another slice, and a slice without it costs itself only', () => {
    const slices = [slice(), slice({ name: 'web-2', ports: [{ name: 'http', port: 8081 }], endpoints: [{ addresses: ['10.0.0.2'] }] }), slice({ name: 'web-3', ports: [{ name: 'old', port: 1 }], endpoints: [{ addresses: ['10.0.0.3'] }] })]
    expect(texts(slices, { port: 'http' })).toEqual(['10.0.0.1:8080', '10.0.0.2:8081', 'web-3 is a slice without the port'])
  })
})

describe('a pod in two places is one endpoint', () => {
  test('in two slices, as the one says that was written last', () => {
    const before = slice({ endpoints: [pod('10.0.0.1', 'a', { conditions: { ready: true } })] })
    const after = slice({ name: 'web-2', endpoints: [pod('10.0.0.1', 'a', { conditions: { ready: false } })] })
    expect(texts([before, after])).toEqual(['10.0.0.1:8080 critical'])
    expect(texts([after, before])).toEqual(['10.0.0.1:8080'])
  })

  test('with further addresses', () => {
    expect(texts([slice({ endpoints: [{ addresses: ['10.0.0.1', '10.0.0.9'] }] })])).toEqual(['10.0.0.1:8080'])
  })

  test('in both families', () => {
    const both = [slice({ name: 'web-6', family: 'IPv6', endpoints: [pod('fd00::1', 'a')] }), slice({ endpoints: [pod('10.0.0.1', 'a')] })]
    expect(texts(both)).toEqual(['10.0.0.1:8080'])
    expect(texts(both, { family: 'IPv6' })).toEqual(['fd00::1:8080'])
    expect(texts(both, { family: 'IPv4' })).toEqual(['10.0.0.1:8080'])
  })

  test('a service of IPv6 alone needs no word', () => {
    expect(texts([slice({ family: 'IPv6', endpoints: [pod('fd00::1', 'a')] })])).toEqual(['fd00::1:8080'])
    expect(texts([slice({ endpoints: null }), slice({ name: 'web-6', family: 'IPv6', endpoints: [pod('fd00::1', 'a')] })])).toEqual(['fd00::1:8080'])
  })
})

describe('zones', () => {
  const hinted = (address: string, zone: string, ...hints: string[]): object => ({ addresses: [address], zone, ...(hints.length > 0 ? { hints: { forZones: hints.map((name) => ({ name })) } } : {}) })
  test('the zone of a pod is where it runs, and where its traffic is to come from once every endpoint says so', () => {
    expect(texts([slice({ endpoints: [hinted('10.0.0.1', 'a'), hinted('10.0.0.2', 'b')] })])).toEqual(['10.0.0.1:8080 a', '10.0.0.2:8080 b'])
    expect(texts([slice({ endpoints: [hinted('10.0.0.1', 'a', 'a'), hinted('10.0.0.2', 'b', 'a', 'b')] })])).toEqual(['10.0.0.1:8080 a', '10.0.0.2:8080 a'])
    expect(texts([slice({ endpoints: [hinted('10.0.0.1', 'a', 'b'), hinted('10.0.0.2', 'b')] })])).toEqual(['10.0.0.1:8080 a', '10.0.0.2:8080 b'])
  })

  test.each<[string, object]>([
    ['not ready yet', { ready: false }],
    ['leaving, and still serving', { ready: false, serving: true, terminating: true }],
    ['leaving, and serving no more', { ready: false, serving: false, terminating: true }],
  ])('hints hold during a rolling update: a pod that is %s has none', (_, conditions) => {
    const [, ...others] = texts([slice({ endpoints: [{ ...hinted('10.0.0.9', 'c'), conditions }, hinted('10.0.0.1', 'a', 'b'), hinted('10.0.0.2', 'b', 'a')] })])
    expect(others).toEqual(['10.0.0.1:8080 b', '10.0.0.2:8080 a'])
  })

  test('nothing ready leaves the hints', () => {
    expect(texts([slice({ endpoints: [{ ...hinted('10.0.0.1', 'a', 'b'), conditions: { ready: false } }] })])).toEqual(['10.0.0.1:8080 critical a'])
  })

  test('of several zones the gateway’s own counts; hints for other zones alone count for nothing, as with kube-proxy', () => {
    const endpoints = [hinted('10.0.0.1', 'a', 'a', 'b'), hinted('10.0.0.2', 'c', 'c')]
    expect(texts([slice({ endpoints })], {}, 'b')).toEqual(['10.0.0.1:8080 b', '10.0.0.2:8080 c'])
    expect(texts([slice({ endpoints })], {}, 'a')).toEqual(['10.0.0.1:8080 a', '10.0.0.2:8080 c'])
    expect(texts([slice({ endpoints: [hinted('10.0.0.1', 'd', 'a'), hinted('10.0.0.2', 'c', 'c')] })], {}, 'd')).toEqual(['10.0.0.1:8080 d', '10.0.0.2:8080 c'])
  })
})

test('metadata are the labels of the service, and where an endpoint runs', () => {
  const labels = { 'endpointslice.kubernetes.io/managed-by': 'x', 'service.kubernetes.io/headless': '', 'app.kubernetes.io/version': '2', team: 'words' }
  const found = readEndpoints([slice({ labels, endpoints: [pod('10.0.0.1', 'a', { nodeName: 'n1', hostname: 'web-0' })] })], ref())
  expect('instances' in found && found.instances[0]).toMatchObject({ id: 'a', meta: { 'app.kubernetes.io/version': '2', team: 'words', pod: 'web-a', node: 'n1', hostname: 'web-0' } })
  expect('instances' in found && Object.keys(found.instances[0]?.meta as object)).toHaveLength(5)
})

test.each<[string, unknown, readonly string[]]>([
  ['null, as an empty slice has it', null, []],
  ['no list', {}, ['web-1 has endpoints that are no list']],
  ['one without addresses', [{ addresses: [] }, { addresses: ['10.0.0.1'] }], ['10.0.0.1:8080', 'web-1#0 is no endpoint with addresses']],
  ['one that is no object', ['10.0.0.1', null, 7], ['web-1#0 is no endpoint with addresses', 'web-1#1 is no endpoint with addresses', 'web-1#2 is no endpoint with addresses']],
])('endpoints: %s', (_, endpoints, wanted) => {
  expect(texts([slice({ endpoints })])).toEqual(wanted)
})

describe('references', () => {
  test.each<[string, object | string]>([
    ['k8s/web', ref({ namespace: 'shop' })],
    ['k8s/default/web', ref()],
    ['k8s/default/web:http', ref({ port: 'http' })],
    ['k8s/default/web:8080', ref({ port: 8080 })],
    ['k8s/web:8080?family=ipv6', ref({ namespace: 'shop', port: 8080, family: 'IPv6' })],
    ['k8s/web:http-metrics-of-envoy', ref({ namespace: 'shop', port: 'http-metrics-of-envoy' })],
    [`k8s/web:${'p'.repeat(63)}`, ref({ namespace: 'shop', port: 'p'.repeat(63) })],
    [`k8s/web:${'p'.repeat(64)}`, `'web:${'p'.repeat(64)}' does not name a service; write k8s/namespace/service or k8s/namespace/service:port`],
    ['k8s/web?family=both', 'family=both is neither ipv4 nor ipv6'],
    ['k8s/web?family=constructor', 'family=constructor is neither ipv4 nor ipv6'],
    ['k8s/a/b/c', "'a/b/c' does not name a service; write k8s/namespace/service or k8s/namespace/service:port"],
    ['k8s/Web', "'Web' does not name a service; write k8s/namespace/service or k8s/namespace/service:port"],
    ['k8s/a,b', "'a,b' does not name a service; write k8s/namespace/service or k8s/namespace/service:port"],
    ['k8s/../web', "'../web' does not name a service; write k8s/namespace/service or k8s/namespace/service:port"],
  ])('%s', (text, wanted) => {
    const parsed = parseRef(text)
    expect(parsed === undefined ? undefined : readK8sRef(parsed, 'shop')).toEqual(wanted)
  })
})
