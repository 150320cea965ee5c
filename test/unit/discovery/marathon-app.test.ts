// Apps, tasks, pods and labels as instances: every networking mode and version, states, health. Over what Marathon writes.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readApp, type Known, type Memory, type View } from '../../../discovery/marathon/app.ts'
import { readPod } from '../../../discovery/marathon/pod.ts'
import type { Reading } from '../../../discovery/reading.ts'
import { writeApp, type AppSpec, type PortSpec, type TaskSpec, type Version } from '../../support/fake-marathon/spec.ts'

const VIEW: View = { port: undefined, via: 'task', family: 'ipv4', weightLabel: 'fairlead.weight', tagsLabel: 'fairlead.tags' }
const VERSIONS: readonly Version[] = ['0.7', '0.13', '1.1', '1.3', '1.4', '1.5', '1.6', '1.7', '1.8', '1.9', '1.10']

interface Case {
  readonly app: Partial<AppSpec>
  readonly version?: Version
  readonly view?: Partial<View>
  readonly forgotten?: boolean
  readonly before?: Memory
}

function readWith({ app, version = '1.9', view = {}, forgotten = false, before = new Map<string, Known>() }: Case): { readonly reading: Reading; readonly tasks: Memory } {
  return readApp(writeApp({ id: '/shop/cart', tasks: [], ...app }, version, forgotten), '/shop/cart', 'http://m1:8080', { ...VIEW, ...view }, before)
}

/** `host:port health`, `draining` and `presumed` where they are said; or the message of what is no list. */
function told(reading: Reading): readonly string[] {
  if (reading.kind !== 'listed') return ['message' in reading ? `${reading.kind}: ${reading.message}` : reading.kind]
  const shown = reading.instances.map((each) => [`${String(each.host)}:${String(each.port)}`, each.health, each.draining === true ? 'draining' : '', each.presumed === true ? 'presumed' : ''].filter((word) => word !== '').join(' '))
  return [...shown, ...(reading.rejected ?? []).map(({ id, reason }) => `refused ${id}: ${reason}`)]
}

const addresses = (asked: Case): readonly string[] => told(readWith(asked).reading).map((text) => text.replace(/ unknown$/, ''))

describe('where a task is reached', () => {
  const http: PortSpec = { name: 'http', containerPort: 8080 }
  const admin: PortSpec = { name: 'admin', containerPort: 9090 }
  const task: TaskSpec = { id: 't1', host: '10.6.0.12', ports: [31_756, 31_757], ip: ['172.17.0.4'] }

  test.each(VERSIONS)('on the network of the host, and on a bridge, in %s', (version) => {
    for (const network of ['host', 'bridge'] as const) {
      expect(addresses({ version, app: { network, ports: [http, admin], tasks: [task] } })).toEqual(['10.6.0.12:31756'])
      expect(addresses({ version, app: { network, ports: [http, admin], tasks: [task] }, view: { port: '1' } })).toEqual(['10.6.0.12:31757'])
    }
    expect(addresses({ version, app: { network: 'bridge', ports: [http, admin], tasks: [task] }, view: { port: 'admin' } })).toEqual(['10.6.0.12:31757'])
  })

  test.each(VERSIONS.slice(2))('on a network of its own in %s', (version) => {
    for (const network of ['container', 'ip'] as const) {
      expect(addresses({ version, app: { network, ports: [{ ...http, hostPort: null }, { ...admin, hostPort: null }], tasks: [{ ...task, ports: [] }] }, view: { port: 'admin' } })).toEqual(['172.17.0.4:9090'])
    }
    const mapped = { network: 'container', ports: [{ ...http, hostPort: null }, { ...admin, hostPort: 0 }], tasks: [{ ...task, ports: [31_999] }] } as const
    // The first mapping takes no place among the host ports.
    expect(addresses({ version, app: mapped, view: { via: 'host', port: 'admin' } })).toEqual(['10.6.0.12:31999'])
    expect(addresses({ version, app: mapped, view: { port: 'admin' } })).toEqual(['172.17.0.4:9090'])
    // Nothing is mapped for it there.
    expect(addresses({ version, app: mapped, view: { via: 'host', port: 'http' } })).toEqual(['172.17.0.4:8080'])
  })

  test('names of ports on the host are known since 1.1', () => {
    expect(addresses({ version: '1.1', app: { ports: [http, admin], tasks: [task] }, view: { port: 'admin' } })).toEqual(['10.6.0.12:31757'])
    expect(addresses({ version: '0.13', app: { ports: [http, admin], tasks: [task] }, view: { port: 'admin' } })).toEqual(['failed: http://m1:8080: the app /shop/cart has no port admin; it has 0, 1'])
  })

  test.each([
    ['a udp port first', [{ name: 'dns', protocol: 'udp' }, http], {}, ['10.6.0.12:31757']],
    ['udp and tcp on one port', [{ name: 'dns', protocol: 'udp,tcp' }, http], {}, ['10.6.0.12:31756']],
    ['a udp port that is asked for', [{ name: 'dns', protocol: 'udp' }, http], { port: 'dns' }, ['10.6.0.12:31756']],
    ['only udp ports', [{ name: 'dns', protocol: 'udp' }], {}, ['failed: http://m1:8080: the app /shop/cart has no port for tcp: dns']],
    ['a port that is a name before it is a position', [http, { name: '0' }], { port: '0' }, ['10.6.0.12:31757']],
    ['a port that is not there', [http], { port: 'metrics' }, ['failed: http://m1:8080: the app /shop/cart has no port metrics; it has http']],
    ['a position that is not there', [http], { port: '7' }, ['failed: http://m1:8080: the app /shop/cart has no port 7; it has http']],
  ])('%s', (_, ports, view, wanted) => {
    for (const network of ['host', 'bridge'] as const) expect(addresses({ app: { network, ports, tasks: [task] }, view })).toEqual(wanted)
  })

  test('on a bridge every mapping takes a place among the host ports, also one that writes none', () => {
    const app = { network: 'bridge', ports: [{ ...http, hostPort: null }, admin], tasks: [task] } as const
    expect(addresses({ app, view: { port: 'admin' } })).toEqual(['10.6.0.12:31757'])
  })

  test('a container port of 0 is the one of the host', () => {
    expect(addresses({ app: { network: 'container', ports: [{ name: 'http', containerPort: 0 }], tasks: [task] } })).toEqual(['172.17.0.4:31756'])
  })

  test('an app without ports has what the task was given, and none on a network of its own', () => {
    expect(addresses({ app: { tasks: [task] } })).toEqual(['10.6.0.12:31756'])
    expect(addresses({ app: { tasks: [task] }, view: { port: '1' } })).toEqual(['10.6.0.12:31757'])
    expect(addresses({ app: { network: 'container', tasks: [task] } })).toEqual(['failed: http://m1:8080: the app /shop/cart defines no port'])
  })

  test('of several addresses the preferred family, else the first', () => {
    const app: Partial<AppSpec> = { network: 'container', ports: [http], tasks: [{ ...task, ip: ['fd00::4', '172.17.0.4', '172.17.0.5'] }] }
    expect(addresses({ app })).toEqual(['172.17.0.4:8080'])
    expect(addresses({ app, view: { family: 'ipv6' } })).toEqual(['fd00::4:8080'])
    expect(addresses({ app: { ...app, tasks: [{ ...task, ip: ['fd00::4'] }] } })).toEqual(['fd00::4:8080'])
  })

  test('a task that has no address yet is reached over the host where that is mapped, else refused alone', () => {
    const tasks = [{ ...task, ip: [] }, { ...task, id: 't2', ip: ['172.17.0.5'] }]
    expect(addresses({ app: { network: 'container', ports: [http], tasks } })).toEqual(['10.6.0.12:31756', '172.17.0.5:8080'])
    expect(addresses({ app: { network: 'container', ports: [{ ...http, hostPort: null }], tasks } })).toEqual(['172.17.0.5:8080', 'refused t1: has no address of its own and no host port'])
  })

  test('a task of an older definition stays where it was first seen, and new ones follow the new definition', () => {
    const first = readWith({ app: { version: 'v1', ports: [http, admin], tasks: [{ ...task, ports: [31_001, 31_005] }] }, view: { port: 'http' } })
    const app: Partial<AppSpec> = { version: 'v2', ports: [admin, http], tasks: [{ ...task, version: 'v1', ports: [31_001, 31_005] }, { ...task, id: 't2', ports: [31_002, 31_003] }] }
    expect(addresses({ app, view: { port: 'http' }, before: first.tasks })).toEqual(['10.6.0.12:31001', '10.6.0.12:31003'])
    // One that has no such port by the new definition, neither.
    const grown: Partial<AppSpec> = { version: 'v2', ports: [admin, admin, http], tasks: [{ ...task, ports: [31_001, 31_005] }] }
    expect(addresses({ app: grown, view: { port: 'http' }, before: first.tasks })).toEqual(['10.6.0.12:31001'])
  })
})

describe('what a task is good for', () => {
  const port = { ports: [{ name: 'http' }] }
  const task = (more: Partial<TaskSpec> = {}): TaskSpec => ({ id: 't1', ports: [1000], ...more })
  const state = (version: Version, spec: TaskSpec): readonly string[] => told(readWith({ version, app: { ...port, tasks: [spec] } }).reading)

  test.each<readonly [string, readonly string[]]>([
    ['TASK_RUNNING', ['10.0.0.1:1000 unknown']],
    ['TASK_KILLING', ['10.0.0.1:1000 maintenance draining']],
    ['TASK_UNREACHABLE', ['10.0.0.1:1000 critical presumed']],
    ['TASK_LOST', ['10.0.0.1:1000 critical presumed']],
    ['TASK_UNKNOWN', ['10.0.0.1:1000 critical presumed']],
    ...['STAGING', 'STARTING', 'CREATED', 'KILLED', 'FINISHED', 'FAILED', 'ERROR', 'GONE', 'GONE_BY_OPERATOR', 'DROPPED'].map((name) => [`TASK_${name}`, []] as const),
    ['TASK_DANCING', ['refused t1: is in a state that is not known: TASK_DANCING']],
    ['constructor', ['refused t1: is in a state that is not known: constructor']],
  ])('%s', (name, wanted) => {
    expect(state('1.9', task({ state: name }))).toEqual(wanted)
  })

  test('before 1.3 a task without a state runs since it was started', () => {
    expect(state('1.1', task())).toEqual(['10.0.0.1:1000 unknown'])
    expect(state('1.1', task({ state: 'TASK_STAGING' }))).toEqual([])
  })

  test('one that is lost or draining and has no ports any more is where it was, or left out', () => {
    const { tasks: memory } = readWith({ app: { ...port, tasks: [task()] } })
    for (const gone of ['TASK_UNREACHABLE', 'TASK_KILLING']) {
      expect(told(readWith({ app: { ...port, tasks: [task({ state: gone, ports: [] })] }, before: memory }).reading)[0]).toMatch(/^10\.0\.0\.1:1000 /)
      expect(told(readWith({ app: { ...port, tasks: [task({ state: gone, ports: [] })] } }).reading)).toEqual([])
    }
  })

  test('one that no readiness check found ready yet gets nothing', () => {
    const raw = { readinessCheckResults: [{ name: 'ready', taskId: 't1', ready: false, lastResponse: null }, { name: 'ready', taskId: 't2', ready: true }] }
    expect(told(readWith({ app: { ...port, raw, tasks: [task(), task({ id: 't2', ports: [2000] })] } }).reading)).toEqual(['10.0.0.1:1000 critical', '10.0.0.1:2000 unknown'])
  })

  test.each([null, 7, [], {}, { id: '' }, { id: 7 }])('%j is no task, and costs itself only', (bad) => {
    const [good] = writeApp({ id: '/shop/cart', ...port, tasks: [task()] }, '1.9', false)['tasks'] as [unknown]
    expect(told(readWith({ app: { ...port, raw: { tasks: [bad, good] } } }).reading)).toEqual(['10.0.0.1:1000 unknown', 'refused #0: is not a task with an id'])
  })
})

describe('health', () => {
  const health = ({ results, checks = 1, before }: { readonly results: unknown; readonly checks?: number; readonly before?: 'passing' | 'critical' }): string | undefined => {
    const memory: Memory = new Map(before === undefined ? [] : [['t1', { host: '10.0.0.1', port: 1000, health: before }]])
    const { reading } = readWith({ app: { checks, ports: [{ name: 'http' }], tasks: [{ id: 't1', ports: [1000], raw: { healthCheckResults: results } }] }, before: memory })
    return reading.kind === 'listed' ? reading.instances[0]?.health : undefined
  }
  const good = { alive: true, consecutiveFailures: 0, firstSuccess: 'x', lastSuccess: 'x', lastFailure: null }
  const bad = { alive: false, consecutiveFailures: 1, firstSuccess: 'x', lastSuccess: 'x', lastFailure: 'y' }
  const never = { alive: false, consecutiveFailures: 0, firstSuccess: null, lastSuccess: null, lastFailure: null }

  test.each([
    ['no checks at all', { results: [], checks: 0 }, 'unknown'],
    ['alive', { results: [good] }, 'passing'],
    ['not alive', { results: [bad] }, 'critical'],
    ['one of two not alive', { results: [good, bad], checks: 2 }, 'critical'],
    ['both alive', { results: [good, good], checks: 2 }, 'passing'],
    ['one of two not known', { results: [good], checks: 2 }, 'unknown'],
    ['none known', { results: [] }, 'unknown'],
    ['none written', { results: undefined }, 'unknown'],
    ['a check that was never made is listed as not alive', { results: [never] }, 'unknown'],
    ['a null among the results', { results: [null, good] }, 'passing'],
    ['forgotten, and passing before', { results: [], before: 'passing' as const }, 'passing'],
    ['forgotten, and critical before', { results: [], before: 'critical' as const }, 'critical'],
    ['one of two forgotten, and passing before', { results: [good], checks: 2, before: 'passing' as const }, 'passing'],
    ['known again', { results: [bad], before: 'passing' as const }, 'critical'],
  ])('%s', (_, asked, wanted) => {
    expect(health(asked)).toBe(wanted)
  })

  test.each(VERSIONS)('results of %s', (version) => {
    const tasks = [{ id: 't1', ports: [1], alive: true }, { id: 't2', ports: [2], alive: false }, { id: 't3', ports: [3] }]
    expect(told(readWith({ version, app: { checks: 2, ports: [{ name: 'http' }], tasks } }).reading)).toEqual(['10.0.0.1:1 passing', '10.0.0.1:2 critical', '10.0.0.1:3 unknown'])
  })
})

describe('what the whole answer means', () => {
  const running = (count: number): readonly TaskSpec[] => Array.from({ length: count }, (_, index) => ({ id: `t${index}`, ports: [1000 + index] }))
  const ports = [{ name: 'http' }]

  test.each([
    ['scaled to nothing', { instances: 0, tasks: [] }, true],
    ['scaled to nothing, the last one on its way', { instances: 0, tasks: [{ id: 't', ports: [1], state: 'TASK_KILLING' }] }, true],
    ['as many as are wanted', { instances: 2, tasks: running(2) }, true],
    ['fewer than are wanted', { instances: 3, tasks: running(2) }, false],
    ['as many, but one of them lost', { instances: 2, tasks: [...running(1), { id: 'x', ports: [1], state: 'TASK_UNREACHABLE' }] }, false],
    ['as many, but one of them on its way out', { instances: 2, tasks: [...running(1), { id: 'x', ports: [1], state: 'TASK_KILLING' }] }, false],
    ['none, though some are wanted', { instances: 2, tasks: [] }, false],
  ])('%s: stated %s', (_, app, stated) => {
    const { reading } = readWith({ app: { ports, ...app } })
    expect(reading.kind === 'listed' && reading.stated).toBe(stated)
  })

  test('no tasks, though some are said to run, is no answer', () => {
    expect(told(readWith({ app: { ports, tasks: [], instances: 2, raw: { tasksRunning: 2 } } }).reading)).toEqual(['failed: http://m1:8080: the app lists no tasks, but says that 2 are running'])
  })

  test.each([undefined, null, 'x', [], {}, { id: '/shop/cart' }, { id: '/other', tasks: [] }, { id: '/shop/cart', tasks: {} }])('%j is no app', (value) => {
    expect(readApp(value, '/shop/cart', 'here', VIEW, new Map()).reading).toEqual({ kind: 'failed', message: 'here: the answer is not the app with its tasks; is this a Marathon?' })
  })
})

describe('labels', () => {
  const read = (labels: Record<string, string>, view: Partial<View> = {}, task: Partial<TaskSpec> = {}): Extract<Reading, { kind: 'listed' }> => {
    const { reading } = readWith({ app: { labels, ports: [{ name: 'http' }], tasks: [{ id: 't1', ports: [1], ...task }, { id: 't2', ports: [2] }] }, view })
    if (reading.kind !== 'listed') throw new Error(reading.kind)
    return reading
  }

  test('are metadata, and tags and a weight where they have those names', () => {
    const first = read({ owner: 'zeus', 'fairlead.tags': 'v2, canary,', 'fairlead.weight': '3' }).instances[0]
    expect({ ...(first?.meta as object) }).toEqual({ owner: 'zeus', 'fairlead.tags': 'v2, canary,', 'fairlead.weight': '3' })
    expect(first).toMatchObject({ tags: ['v2', 'canary'], weight: 3 })
    expect(read({ 'gw.weight': '0.5', stage: 'a,b' }, { weightLabel: 'gw.weight', tagsLabel: 'stage' }).instances[1]).toMatchObject({ tags: ['a', 'b'], weight: 0.5 })
    expect(read({}).instances[0]).not.toHaveProperty('weight')
  })

  test.each(['', 'many', '-1', '65536', '1e3', 'NaN', '0x10'])('a weight of %j is refused once for the app', (text) => {
    const { instances, notes } = read({ 'fairlead.weight': text })
    expect(instances[0]).not.toHaveProperty('weight')
    expect(notes).toEqual([{ id: '/shop/cart', reason: 'its label fairlead.weight is not a number from 0 to 65535; 1 is used' }])
  })

  test('templates of load balancers are left out, once for the app', () => {
    const { instances, notes } = read({ HAPROXY_0_BACKEND_HTTP_OPTIONS: '  option forwardfor\n', big: 'x'.repeat(2049), rule: 'x'.repeat(2048), owner: 'zeus' })
    expect({ ...(instances[0]?.meta as object) }).toEqual({ owner: 'zeus', rule: 'x'.repeat(2048) })
    expect(notes).toEqual([{ id: '/shop/cart', reason: '2 of its labels are too long for metadata or have control characters, and are left out' }])
  })

  test('zone is the task’s, and region is metadata', () => {
    const [first, second] = read({ owner: 'zeus' }, {}, { zone: 'eu-1b', region: 'eu-1' }).instances
    expect(first?.zone).toBe('eu-1b')
    expect({ ...(first?.meta as object) }).toEqual({ region: 'eu-1', owner: 'zeus' })
    expect(second?.zone).toBeUndefined()
  })
})

describe('Marathon’s own samples', () => {
  const sample = (name: string): Record<string, unknown> => JSON.parse(readFileSync(new URL(`../../fixtures/marathon/${name}`, import.meta.url), 'utf8')) as Record<string, unknown>

  test('its app with its tasks', () => {
    const [task] = (sample('tasks.json')['tasks'] as Record<string, unknown>[]) as [Record<string, unknown>]
    const app = { ...sample('app.json'), tasks: [{ ...task, appId: '/foo' }] }
    const { reading } = readApp(app, '/foo', 'here', { ...VIEW, port: 'http' }, new Map())
    expect(told(reading)).toEqual(['srv4.example.com:31292 unknown'])
    expect(reading.kind === 'listed' && reading.instances[0]).toMatchObject({ zone: 'a', meta: { owner: 'zeus', region: 'primary' } })
  })

  test('its staging task is not used yet', () => {
    const app = { ...sample('app.json'), tasks: sample('app_tasks.json')['tasks'] }
    expect(told(readApp(app, '/foo', 'here', VIEW, new Map()).reading)).toEqual([])
  })
})

describe('pods', () => {
  const spec = JSON.parse(readFileSync(new URL('../../fixtures/marathon/pod.json', import.meta.url), 'utf8')) as Record<string, unknown>
  const instance = (id: string, more: Record<string, unknown> = {}, endpoint: Record<string, unknown> = {}, container: Record<string, unknown> = {}): Record<string, unknown> => ({
    id,
    status: 'STABLE',
    agentHostname: 'srv7.example.com',
    agentRegion: 'primary',
    agentZone: 'a',
    networks: [{ name: 'my-network', addresses: ['9.0.1.2', 'fd00::2'] }],
    containers: [{ name: 'container1', status: 'TASK_RUNNING', endpoints: [{ name: 'httpendpoint', allocatedHostPort: 31_500, healthy: true, ...endpoint }], ...container }],
    ...more,
  })
  const readPods = (instances: unknown, view: Partial<View> = {}, more: Record<string, unknown> = {}): Reading => readPod({ id: '/foo', spec: { ...spec, ...more }, status: 'STABLE', instances }, '/foo', 'here', { ...VIEW, ...view })

  test('by their own address, or by that of the agent', () => {
    expect(told(readPods([instance('a')]))).toEqual(['9.0.1.2:80 passing'])
    expect(told(readPods([instance('a')], { family: 'ipv6' }))).toEqual(['fd00::2:80 passing'])
    expect(told(readPods([instance('a')], { via: 'host' }))).toEqual(['srv7.example.com:31500 passing'])
    expect(told(readPods([instance('a')], {}, { networks: [{ mode: 'host' }] }))).toEqual(['srv7.example.com:31500 passing'])
    expect(told(readPods([instance('a', { networks: [] })]))).toEqual(['srv7.example.com:31500 passing'])
    expect(told(readPods([instance('a', { networks: [] }, { allocatedHostPort: undefined })]))).toEqual(['refused a: has neither a host port nor an address of its own for httpendpoint'])
  })

  test('labels, zone and region', () => {
    const reading = readPods([instance('a')])
    expect(reading.kind === 'listed' && reading.instances[0]).toMatchObject({ id: 'a', zone: 'a', meta: { owner: 'zeus', region: 'primary' } })
  })

  test.each([
    ['healthy', instance('a'), ['9.0.1.2:80 passing']],
    ['not healthy', instance('a', { status: 'DEGRADED' }, { healthy: false }), ['9.0.1.2:80 critical']],
    ['not known yet', instance('a', { status: 'DEGRADED' }, { healthy: undefined }), ['9.0.1.2:80 unknown']],
    ['staging', instance('a', { status: 'STAGING' }), []],
    ['pending', { id: 'a', status: 'PENDING' }, []],
    ['without its container', instance('a', { containers: [] }), []],
    ['being killed', instance('a', { status: 'TERMINAL' }), ['9.0.1.2:80 maintenance draining']],
    ['being killed, container first', instance('a', {}, {}, { status: 'TASK_KILLING' }), ['9.0.1.2:80 maintenance draining']],
    ['unreachable', instance('a', { status: 'DEGRADED' }, {}, { status: 'TASK_UNREACHABLE' }), ['9.0.1.2:80 critical presumed']],
    ['no object', null, ['refused #0: is not an instance with an id']],
  ])('%s', (_, each, wanted) => {
    expect(told(readPods([each]))).toEqual(wanted)
  })

  test('health of an endpoint without a check is not known', () => {
    const [container] = spec['containers'] as [Record<string, unknown>]
    expect(told(readPods([instance('a')], {}, { containers: [{ ...container, healthCheck: undefined }] }))).toEqual(['9.0.1.2:80 unknown'])
  })

  test('emptiness is stated where none are wanted', () => {
    expect(readPods(undefined, {}, { scaling: { kind: 'fixed', instances: 0 } })).toMatchObject({ kind: 'listed', instances: [], stated: true })
    expect(readPods([])).toMatchObject({ kind: 'listed', instances: [], stated: false })
    expect(readPods([instance('a')])).toMatchObject({ stated: true })
  })

  test('an endpoint that is not there, and what is no pod', () => {
    expect(told(readPods([instance('a')], { port: 'metrics' }))).toEqual(['failed: here: the pod /foo has no endpoint metrics; it has httpendpoint'])
    expect(told(readPods([instance('a')], { port: '0' }))).toEqual(['9.0.1.2:80 passing'])
    for (const value of [undefined, null, [], { id: '/foo' }, { id: '/bar', spec }, { id: '/foo', spec, instances: {} }]) {
      expect(told(readPod(value, '/foo', 'here', VIEW))).toEqual(['failed: here: the answer is not the status of the pod; is this a Marathon of 1.4 or later?'])
    }
  })
})
