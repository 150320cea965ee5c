// What is Marathon's own: the event stream and what it costs, leaders and redirects, credentials, failovers, many apps at once.
// Over a fake of its wire, under virtual time.
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { marathon } from '../../../discovery/marathon.ts'
import { touchedBy } from '../../../discovery/marathon/events.ts'
import type { Capabilities } from '../../../discovery/adapter.ts'
import { parseRef } from '../../../src/model/discoverer.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakeFiles, type FakeFiles } from '../../support/fake-files.ts'
import { json, page, type FakeMarathonOptions, type Request } from '../../support/fake-marathon/fake-marathon.ts'
import type { Sink } from '../../support/fake-marathon/streams.ts'
import type { AppSpec, TaskSpec, Version } from '../../support/fake-marathon/spec.ts'
import { virtualMarathon, type VirtualMarathon } from '../../support/fake-marathon/virtual.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'

interface World {
  readonly platform: FakePlatform
  readonly registry: VirtualMarathon
  readonly readers: readonly Reader[]
  readonly reader: Reader
}

const open: Reader[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((reader) => reader.stop()))
})

interface Setup {
  readonly double?: FakeMarathonOptions
  readonly options?: object
  readonly refs?: readonly string[]
  readonly capabilities?: (platform: FakePlatform) => Capabilities
  readonly prepare?: (registry: VirtualMarathon, platform: FakePlatform) => void
}

async function watch({ double = {}, options = {}, refs = ['main/web'], capabilities = () => ({}), prepare = () => {} }: Setup = {}): Promise<World> {
  const platform = fakePlatform()
  const registry = virtualMarathon(platform, double)
  registry.put(web(3))
  prepare(registry, platform)
  const discoverer = marathon.create('main', { address: `http://${(double.nodes ?? ['m1:8080'])[0]}`, ...options }, platform, capabilities(platform))
  const readers = refs.map((text) => {
    const ref = parseRef(text)
    if (ref === undefined) throw new Error(text)
    return read({ platform, ref }, discoverer)
  })
  open.push(...readers)
  await platform.advance(400)
  return { platform, registry, readers, reader: readers[0] as Reader }
}

/** `/web` with tasks on 10.0.0.1, 10.0.0.2 …; three instances are wanted, so that fewer are no wish. */
function web(count: number, more: Partial<AppSpec> = {}, task: Partial<TaskSpec> = {}): AppSpec {
  return { id: '/web', instances: 3, ports: [{ name: 'http' }], tasks: Array.from({ length: count }, (_, index) => ({ id: `t${index}`, host: `10.0.0.${index + 1}`, ports: [8080], ...task })), ...more }
}

const ready = 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080'
const kept = (outcome: string): string => ready.replace('ready', `stale ${outcome}`)
const questions = (registry: VirtualMarathon): readonly Request[] => registry.seen.filter(({ path }) => path !== '/v2/events')
const streams = (registry: VirtualMarathon): readonly Request[] => registry.seen.filter(({ path }) => path === '/v2/events')
const healths = (reader: Reader): readonly string[] => endpointsOf(reader.last()).map(({ health }) => health)

describe('the event stream', () => {
  test('is one for all that is watched, with exactly the Accept that Marathon compares, a filter, and plans without trees', async () => {
    const { registry } = await watch({ refs: ['main/web', 'main/shop/cart', 'main/web?port=http'] })
    expect(streams(registry).map(({ headers }) => headers.get('accept'))).toEqual(['text/event-stream'])
    const query = streams(registry)[0]?.query
    expect(query?.get('plan-format')).toBe('light')
    expect(query?.getAll('event_type')).toEqual(expect.arrayContaining(['event_stream_attached', 'status_update_event', 'instance_changed_event', 'health_status_changed_event', 'deployment_success']))
    expect(query?.getAll('event_type')).not.toContain('failed_health_check_event')
    expect(questions(registry).every(({ headers }) => headers.get('accept') === 'application/json')).toBe(true)
  })

  test('is closed when nobody watches any more, and opened again for the next', async () => {
    const { registry, platform, readers } = await watch({ refs: ['main/web', 'main/other'] })
    await readers[0]?.stop()
    expect(registry.streams.count()).toBe(1)
    await readers[1]?.stop()
    await platform.settle()
    expect(registry.streams.count()).toBe(0)
  })

  test('an event has its app looked at, and no other', async () => {
    const { registry, platform } = await watch({ refs: ['main/web', 'main/shop/cart'] })
    await platform.advance(5000)
    const before = questions(registry).length
    registry.put(web(2))
    await platform.advance(600)
    expect(new Set(questions(registry).slice(before).map(({ path }) => path))).toEqual(new Set(['/v2/apps/web']))
  })

  test('an event is a hint: what it says of a task is not believed', async () => {
    const { registry, platform, reader } = await watch()
    registry.streams.send('status_update_event', { taskId: 't0', taskStatus: 'TASK_KILLED', appId: '/web', host: '10.0.0.1', ports: [8080] })
    registry.streams.send('instance_health_changed_event', { instanceId: 't1', runSpecId: '/web', healthy: false })
    await platform.advance(1000)
    expect(summary(reader.last())).toBe(ready)
    expect(reader.sets).toHaveLength(1)
  })

  test('an event while a question is under way asks again', async () => {
    const { registry, platform, reader } = await watch()
    await platform.advance(5000)
    registry.latency = 2000
    registry.put(web(2))
    await platform.advance(1000)
    // The question that is under way was asked before.
    registry.put(web(1), 'silently')
    registry.streams.send('status_update_event', { appId: '/web' })
    await platform.advance(5000)
    expect(endpointsOf(reader.last()).filter(({ held }) => held !== true).map(({ host }) => host)).toEqual(['10.0.0.1'])
  })

  test('a storm of events asks four times a second at most', async () => {
    const { registry, platform } = await watch()
    await platform.advance(5000)
    const before = questions(registry).length
    for (let step = 0; step < 200; step++) {
      registry.streams.send('status_update_event', { appId: '/web' })
      await platform.advance(50)
    }
    expect(questions(registry).length - before).toBeGreaterThan(30)
    expect(questions(registry).length - before).toBeLessThanOrEqual(41)
  })

  test('events of other kinds and of other apps ask nothing, also before 1.3.7, where the filter is not known', async () => {
    const { registry, platform } = await watch({ double: { version: '1.1' } })
    await platform.advance(5000)
    const before = questions(registry).length
    for (const type of ['failed_health_check_event', 'framework_message_event', 'event_stream_detached', 'subscribe_event']) registry.streams.send(type, { appId: '/web' })
    registry.streams.send('status_update_event', { appId: '/web/other' })
    await platform.advance(5000)
    expect(questions(registry)).toHaveLength(before)
  })

  test.each<readonly [Version, readonly string[]]>([
    ['1.5', ['id', 'original', 'steps', 'target', 'version']],
    ['1.6', ['id', 'steps', 'version']],
    ['1.7', ['id', 'steps', 'version']],
  ])('a deployment in %s asks only for the apps of its steps; its plan has %j', async (version, fields) => {
    const { registry, platform } = await watch({ double: { version } })
    let told = ''
    const query = streams(registry)[0]?.query ?? new URLSearchParams()
    registry.answer({ node: 'm1:8080', path: '/v2/events', query, headers: new Headers({ accept: 'text/event-stream' }) }).stream?.({ write: (text) => void (told += text), outstanding: () => 0, end: () => {} })
    await platform.advance(5000)
    const before = questions(registry).length
    registry.put({ ...web(1), id: '/other' })
    await platform.advance(600)
    const event = JSON.parse(/^event: deployment_success\r\ndata: (.*)\r$/m.exec(told)?.[1] ?? '{}') as { readonly plan?: object }
    expect(Object.keys(event.plan ?? {}).sort()).toEqual(fields)
    expect(questions(registry)).toHaveLength(before)
  })

  test('an event that names no app, or that is no JSON, has all of them looked at', async () => {
    const { registry, platform } = await watch()
    for (const fields of [{ groupId: '/' }, { id: 'd1' }]) {
      await platform.advance(5000)
      const before = questions(registry).length
      registry.streams.send('deployment_success', fields)
      await platform.advance(600)
      expect(questions(registry)).toHaveLength(before + 1)
    }
  })

  test('what changed in a gap of the stream is seen when it is back, and everything is looked at each minute', async () => {
    const { registry, platform, reader } = await watch()
    registry.streams.endAll()
    registry.put(web(2))
    await platform.advance(1500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
    expect(registry.streams.opened()).toBe(2)
    await platform.advance(5000)
    registry.put(web(3), 'silently')
    await platform.advance(67_000)
    expect(summary(reader.last())).toBe(ready)
    // Only what no event told of, while events were heard, was missed.
    expect(reader.attempts.filter(({ missedChange }) => missedChange)).toHaveLength(1)
    expect(reader.attempts.at(-1)?.missedChange).toBe(true)
  })

  test('an idle minute costs one question', async () => {
    const { registry, platform } = await watch()
    const before = questions(registry).length
    await platform.advance(600_000)
    expect(questions(registry).length - before).toBeGreaterThanOrEqual(8)
    expect(questions(registry).length - before).toBeLessThanOrEqual(12)
    expect(streams(registry)).toHaveLength(1)
  })

  test('one that says nothing for 25 s is given up, and apps are looked at each 10 s until there is another', async () => {
    const { registry, platform, reader } = await watch()
    registry.streams.silence(true)
    registry.put(web(2), 'silently')
    await platform.advance(24_000)
    expect(streams(registry)).toHaveLength(1)
    // The next ones give their head and nothing more, as behind a proxy that keeps the rest to itself.
    await platform.advance(16_000)
    expect(streams(registry)).toHaveLength(2)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
    registry.put(web(3), 'silently')
    await platform.advance(12_000)
    expect(summary(reader.last())).toBe(ready)
    expect(platform.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(['registry main: the event stream ended: no sign of life within 25 s; apps are looked at every 10 s meanwhile'])
    registry.streams.silence(false)
    await platform.advance(60_000)
    expect(platform.lines.at(-1)).toMatchObject({ level: 'info', message: 'registry main: the event stream is there' })
  })

  test('one that lasted was a good one: the next is opened soon, however many there were', async () => {
    const { registry, platform } = await watch()
    for (let count = 2; count < 12; count++) {
      await platform.advance(180_000)
      registry.streams.endAll()
      await platform.advance(300)
      expect(registry.streams.opened()).toBe(count)
    }
  })

  test('heartbeats alone keep it', async () => {
    const { registry, platform } = await watch()
    await platform.advance(3_600_000)
    expect(streams(registry)).toHaveLength(1)
  })

  test.each([
    ['a version without one', page(404, 'Not Found'), /404 to \/v2\/events;/],
    ['a wrong Accept', page(405, 'HTTP method GET is not supported by this URL'), /405/],
    ['a page in its place', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, /is no event stream but text\/html/],
    ['no rights', json(403, { message: 'Not Authorized' }), /403/],
  ])('%s: it is polled, said once, and not asked for in a hurry', async (_, answer, message) => {
    const { registry, platform, reader } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/v2/events' ? answer : undefined)) })
    registry.put(web(2))
    await platform.advance(12_000)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
    await platform.advance(600_000)
    expect(streams(registry).length).toBeLessThan(120)
    expect(platform.lines).toHaveLength(1)
    expect(platform.lines[0]?.message).toMatch(message)
  })
})

test.each(['data: ', 'event: ', ': ', 'data'])('an event without an end, in lines that begin with "%s", is refused as soon as it is longer than any, and nothing of it is kept', async (begin) => {
  let lines = 0
  const { platform, registry, reader } = await watch({
    prepare: (fake, platform) =>
      fake.answerWith(({ path }) => {
        if (path !== '/v2/events' || lines > 0) return undefined
        const stream = (sink: Sink): (() => void) => {
          const life = new AbortController()
          void (async () => {
            while (!life.signal.aborted && lines < 1000) {
              lines++
              sink.write(`${begin}${'x'.repeat(2 ** 20)}\n`)
              await platform.sleep(1000, life.signal)
            }
          })()
          return () => life.abort()
        }
        return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '', stream }
      }),
  })
  await platform.advance(20_000)
  expect(lines).toBe(8)
  expect(platform.lines.map(({ message }) => message)).toEqual([expect.stringContaining('an event of the stream is longer than 8388608 characters'), expect.stringContaining('is there')])
  registry.put(web(2))
  await platform.advance(1000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

describe('what an event is about', () => {
  test.each([
    [{ appId: '/a', taskId: 't' }, ['/a']],
    [{ runSpecId: '/a', instanceId: 'i' }, ['/a']],
    [{ uri: '/v2/apps//a', appDefinition: { id: '/a' } }, ['/a']],
    [{ uri: '/v2/pods/shop/a' }, ['/shop/a']],
    [{ plan: { steps: [{ actions: [{ action: 'StartApplication', app: '/a' }, { app: '/b' }] }, { actions: [{ app: '/a' }, { pod: '/p' }] }] } }, ['/a', '/b', '/p']],
    [{ currentStep: { actions: [{ app: '/a' }] }, plan: { id: 'x' } }, ['/a']],
    [{ groupId: '/shop', version: 'x' }, undefined],
    [{ id: 'd1' }, undefined],
    [{ appId: 7, plan: { steps: 'x' }, appDefinition: [] }, undefined],
    [{ plan: { steps: [{ actions: [{ app: null }] }, null, 7] } }, undefined],
  ])('%j', (event, ids) => {
    expect(touchedBy(event)).toEqual(ids)
  })

  test('Marathon’s own samples', () => {
    const text = readFileSync(new URL('../../fixtures/marathon/events.txt', import.meta.url), 'utf8')
    const events = [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as Record<string, unknown>)
    expect(events.map(touchedBy)).toEqual([undefined, ['/foo'], ['/test-app']])
  })
})

describe('the leader', () => {
  const nodes = ['m1:8080', 'm2:8080', 'm3:8080']
  const second = (registry: VirtualMarathon): void => void (registry.leader = 'm2:8080')

  test('a standby sends the stream to it: the redirect is followed with credentials, to hosts of the cluster', async () => {
    const { registry, platform, reader } = await watch({ double: { nodes, basic: { username: 'u', password: 'p' } }, options: { leaders: ['*.elsewhere', 'm2'], username: 'u', password: 'p' }, prepare: second })
    expect(streams(registry).map(({ node, headers }) => `${node} ${headers.get('accept')} ${headers.get('authorization')}`)).toEqual([`m1:8080 text/event-stream Basic ${btoa('u:p')}`, `m2:8080 text/event-stream Basic ${btoa('u:p')}`])
    expect(streams(registry)[1]?.query.getAll('event_type')).toContain('status_update_event')
    registry.put(web(2))
    await platform.advance(600)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  })

  test.each<readonly [Version, readonly string[]]>([
    ['1.6', ['m1:8080']],
    ['1.7', ['m1:8080', 'm2:8080']],
  ])('a standby of %s is asked for the stream, and %j are', async (version, asked) => {
    const { registry, platform, reader } = await watch({ double: { nodes, version }, options: { leaders: ['m2'] }, prepare: second })
    expect(streams(registry).map(({ node }) => node)).toEqual(asked)
    registry.put(web(2))
    await platform.advance(600)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  })

  test('to no other host: nothing is sent there, and apps are still looked at', async () => {
    const { registry, platform, reader } = await watch({ double: { nodes, token: 'secret' }, options: { token: 'secret', leaders: ['m2:9090', '*.m2', 'm22'] }, prepare: second })
    await platform.advance(60_000)
    expect(registry.seen.every(({ node }) => node === 'm1:8080')).toBe(true)
    expect(summary(reader.last())).toBe(ready)
    expect(platform.lines[0]?.message).toMatch(/m1:8080: redirects to m2:8080, which is neither in address nor in leaders; add it/)
    expect(JSON.stringify(platform.lines)).not.toContain('secret')
  })

  test('where a redirect may not be followed another node is asked, which may lead', async () => {
    const { registry, platform } = await watch({ double: { nodes }, options: { address: ['http://m3:8080', 'http://m1:8080'] }, prepare: (fake) => void (fake.leader = 'm2:8080') })
    await platform.advance(30_000)
    expect(new Set(streams(registry).map(({ node }) => node))).toEqual(new Set(['m1:8080', 'm3:8080']))
  })

  test.each([
    ['exact', 'https://m1:8080', 'https://m2:8080/x', ['m2:8080'], 'followed'],
    ['any port', 'https://m1:8080', 'https://m2:9/x', ['m2'], 'followed'],
    ['a default port', 'https://m1', 'https://m2/x', ['m2:443'], 'followed'],
    ['a domain', 'https://m1:8080', 'https://m2.mesos:8080/x', ['*.mesos'], 'followed'],
    ['upper case', 'https://m1:8080', 'https://M2.Mesos:8080/x', ['m2.MESOS'], 'followed'],
    ['any host', 'http://m1:8080', 'http://anywhere:1/x', ['*'], 'followed'],
    ['an IPv6 address', 'http://m1:8080', 'http://[fd00::2]:8080/x', ['[fd00::2]:8080'], 'followed'],
    ['itself, by a relative address', 'http://m1:8080', '/elsewhere', [], 'followed'],
    ['another port of a configured host', 'http://m1:8080', 'http://m1:22/x', [], 'refused'],
    ['a domain is not its own suffix', 'http://m1:8080', 'http://evilmesos:8080/x', ['*.mesos'], 'refused'],
    ['from https to http', 'https://m1:8080', 'http://m2:8080/x', ['m2'], 'refused'],
    ['with a user', 'http://m1:8080', 'http://x:y@m2:8080/x', ['m2'], 'refused'],
    ['to a file', 'http://m1:8080', 'file:///etc/passwd', ['*'], 'refused'],
    ['to nowhere', 'http://m1:8080', '', ['*'], 'refused'],
    ['to nonsense', 'http://m1:8080', 'http://[', ['*'], 'refused'],
  ])('a redirect %s', async (_, address, location, leaders, wanted) => {
    const platform = fakePlatform()
    const asked: string[] = []
    platform.onFetch((url) => {
      asked.push(url)
      return url.startsWith(`${address}/v2/`) ? new Response(null, { status: 307, headers: location === '' ? {} : { location } }) : json502()
    })
    const reader = read({ platform, ref: { registry: 'main', name: 'web', options: {} } }, marathon.create('main', { address, leaders, token: 'secret' }, platform))
    open.push(reader)
    await platform.advance(10)
    expect(asked.some((url) => !url.startsWith(`${address}/v2/`)) ? 'followed' : 'refused').toBe(wanted)
    expect(summary(reader.last())).toBe('pending failed')
    expect(JSON.stringify([reader.attempts, platform.lines])).not.toContain('secret')
  })

  test('nodes that point at each other are not followed for ever', async () => {
    const { registry, reader } = await watch({ double: { nodes }, options: { leaders: ['*'] }, prepare: (fake) => fake.answerWith(({ node }) => ({ status: 302, headers: { location: `http://${node === 'm1:8080' ? 'm2' : 'm1'}:8080/v2/apps/web` }, body: '' })) })
    expect(reader.attempts[0]?.message).toMatch(/more than 3 redirects/)
    expect(registry.seen.length).toBeLessThan(60)
  })

  test('its failover forgets health: what was known of each task holds until it is known again', async () => {
    const tasks = web(3, {}, { alive: true }).tasks.map((task, index) => ({ ...task, alive: index > 0 }) as TaskSpec)
    const { registry, platform, reader } = await watch({ double: { nodes }, options: { address: nodes.map((node) => `http://${node}`) }, prepare: (fake) => fake.put(web(3, { checks: 1, tasks })) })
    expect(healths(reader)).toEqual(['critical', 'passing', 'passing'])
    registry.failover(undefined)
    await platform.advance(65_000)
    expect(summary(reader.last())).toBe(kept('failed'))
    expect(reader.attempts.at(-1)?.message).toMatch(/502 Error 502 Could not determine the current leader/)
    registry.failover('m3:8080')
    registry.put(web(3, { checks: 1, tasks: [...tasks, { id: 't3', host: '10.0.0.4', ports: [8080] }] }))
    await platform.advance(65_000)
    expect(reader.last().kind).toBe('ready')
    expect(healths(reader)).toEqual(['critical', 'passing', 'passing', 'unknown'])
    registry.put(web(3, { checks: 1, tasks: tasks.map((task) => ({ ...task, alive: true })) }), 'silently')
    registry.check()
    await platform.advance(600)
    expect(healths(reader)).toEqual(['passing', 'passing', 'passing'])
  })

  test('an answer without the tasks, as of a leader that has not loaded them, forgets neither their health nor where they are, for ten minutes', async () => {
    const tasks = [0, 1, 2].map((n): TaskSpec => ({ id: `t${n}`, host: `10.0.0.${n + 1}`, ports: [8080, 9090], alive: n > 0 }))
    const app = web(3, { checks: 1, ports: [{ name: 'http' }, { name: 'admin' }], tasks })
    // Its definition has its ports the other way round by now.
    const later = { ...app, version: 'v2', ports: [{ name: 'admin' }, { name: 'http' }], tasks: tasks.map((task) => ({ ...task, version: '2021-03-04T10:00:00.000Z' })) }
    const { registry, platform, reader } = await watch({ refs: ['main/web?port=http'], prepare: (fake) => fake.put(app) })
    const told = (): readonly string[] => endpointsOf(reader.last()).map(({ host, port, health }) => `${host}:${port} ${health}`)
    const before = ['10.0.0.1:8080 critical', '10.0.0.2:8080 passing', '10.0.0.3:8080 passing']
    expect(told()).toEqual(before)
    for (const away of [5000, 300_000]) {
      registry.put({ ...app, tasks: [] })
      await platform.advance(away)
      registry.forgotten = true
      registry.put(later)
      await platform.advance(5000)
      expect(told()).toEqual(before)
    }
    registry.put({ ...app, tasks: [] })
    await platform.advance(700_000)
    registry.put(later)
    await platform.advance(5000)
    expect(told()).toEqual(['10.0.0.1:9090 unknown', '10.0.0.2:9090 unknown', '10.0.0.3:9090 unknown'])
  })

  test('a migration at its start keeps what was known', async () => {
    const { registry, platform, reader } = await watch()
    registry.migrating = true
    registry.streams.endAll()
    await platform.advance(65_000)
    expect(summary(reader.last())).toBe(kept('failed'))
    expect(reader.attempts.at(-1)?.message).toMatch(/503/)
    registry.migrating = false
    await platform.advance(31_000)
    expect(summary(reader.last())).toBe(ready)
  })

  test('a node that is gone: the next one is asked', async () => {
    const { registry, reader } = await watch({ double: { nodes: ['m2:8080'] }, options: { address: ['http://m1:8080', 'http://m2:8080'] } })
    expect(registry.seen.length).toBeGreaterThan(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(reader.attempts[0]?.message).toMatch(/m1:8080: connection refused/)
    expect(summary(reader.last())).toBe(ready)
  })

  test('a node that fails, though its stream goes on: the next one is asked', async () => {
    const { registry, reader } = await watch({ double: { nodes }, options: { address: nodes.map((node) => `http://${node}`) }, prepare: (fake) => fake.answerWith(({ node, path }) => (node === 'm1:8080' && path !== '/v2/events' ? page(500, 'Server Error') : undefined)) })
    expect(registry.streams.count()).toBe(1)
    expect(reader.attempts.map(({ outcome }) => outcome).slice(0, 2)).toEqual(['failed', 'ok-with-data'])
  })

  test('a second node that is down holds up neither what is confirmed nor what is added', async () => {
    const { registry, platform, reader } = await watch({ double: { nodes }, options: { address: nodes.slice(0, 2).map((node) => `http://${node}`) }, prepare: (fake) => fake.answerWith(({ node }) => (node === 'm2:8080' ? page(502, 'bad gateway') : undefined)) })
    registry.remove('/web')
    await platform.advance(20_000)
    expect(summary(reader.last())).toBe(kept('guarded'))
    registry.put({ ...web(0), tasks: [{ id: 't9', host: '10.0.0.9', ports: [8080] }] })
    await platform.advance(2000)
    expect(summary(reader.last())).toBe(`${kept('guarded')} 10.0.0.9:8080`)
    await platform.advance(24_000)
    expect(summary(reader.last())).toBe('ready 10.0.0.9:8080')
  })

  test('what is suspicious is asked of another node, alone', async () => {
    const { registry, platform } = await watch({ double: { nodes }, options: { address: nodes.map((node) => `http://${node}`) } })
    registry.remove('/web')
    await platform.advance(600)
    const before = questions(registry).length
    await platform.advance(3000)
    expect(questions(registry).slice(before).map(({ node, path }) => `${node}${path}`)).toContain('m2:8080/v2/apps/web')
  })
})

describe('what an answer means', () => {
  test('scaling to nothing is believed at once, and so is what the owner made smaller', async () => {
    const { registry, platform, reader } = await watch()
    registry.put(web(1, { instances: 1 }))
    await platform.advance(600)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:8080')
    registry.put(web(0, { instances: 0 }))
    await platform.advance(600)
    expect(summary(reader.last())).toBe('ready')
  })

  test('tasks that vanish while they are wanted are held, and so are those whose agents are all gone at once', async () => {
    const { registry, platform, reader } = await watch()
    registry.put(web(0))
    await platform.advance(600)
    expect(summary(reader.last())).toBe(kept('guarded'))
    registry.put(web(3))
    await platform.advance(12_000)
    registry.put(web(3, {}, { state: 'TASK_UNREACHABLE', ports: [] }))
    await platform.advance(600)
    expect(summary(reader.last())).toBe(kept('guarded'))
  })

  test('no tasks, though some run, is no answer', async () => {
    const { registry, platform, reader } = await watch()
    registry.put(web(0, { raw: { tasksRunning: 3 } }))
    await platform.advance(600)
    expect(summary(reader.last())).toBe(kept('failed'))
  })

  test.each([
    ['Marathon’s own 404', json(404, { message: "App '/web' does not exist" }), 'guarded', /does not exist/],
    ['a 404 of whoever', page(404, 'Not Found'), 'failed', /404 Error 404 Not Found/],
    ['a 404 in JSON of whoever', json(404, { message: 'no route' }), 'failed', /404 no route/],
    ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'failed', /no JSON but text\/html; is this a Marathon/],
    ['JSON of another kind', json(200, { app: { id: '/web' } }), 'failed', /is not the app with its tasks/],
    ['half an answer', { status: 200, headers: {}, body: '{"app":{"id":"/web","tasks":[' }, 'failed', /no JSON/],
    ['401', json(401, { message: 'Invalid username or password.' }), 'denied', /401 Invalid username or password\.; check username and password, or the token/],
    ['403', json(403, { message: 'Not Authorized to perform this action!' }), 'denied', /may view/],
    ['429', { status: 429, headers: { 'retry-after': '60' }, body: 'slow down' }, 'failed', /429 slow down/],
    ['500', json(500, { message: 'Timeout' }), 'failed', /500 Timeout/],
  ])('%s', async (_, answer, outcome, message) => {
    const { registry, platform, reader } = await watch()
    registry.answerWith(({ path }) => (path === '/v2/events' ? undefined : answer))
    registry.streams.send('status_update_event', { appId: '/web' })
    await platform.advance(600)
    expect(summary(reader.last())).toBe(kept(outcome))
    expect(reader.attempts.find((attempt) => attempt.message !== undefined)?.message).toMatch(message)
    const before = questions(registry).length
    await platform.advance(45_000)
    if (answer.status === 429) expect(questions(registry)).toHaveLength(before)
  })
})

describe('many apps', () => {
  const names = Array.from({ length: 40 }, (_, index) => `app-${index}`)
  const fill = (registry: VirtualMarathon, count = 2): void => {
    for (const name of names) registry.put(web(count, { id: `/${name}`, instances: 2 }), 'silently')
  }
  const refs = names.map((name) => `main/${name}`)
  const lists = (registry: VirtualMarathon, from = 0): number => questions(registry).slice(from).filter(({ path }) => path === '/v2/apps').length

  test('more than ten are listed together, at the start and each minute', async () => {
    const { registry, platform, readers } = await watch({ refs, prepare: (fake) => fill(fake) })
    await platform.advance(1000)
    expect(readers.map((reader) => summary(reader.last()))).toEqual(names.map(() => 'ready 10.0.0.1:8080 10.0.0.2:8080'))
    expect(lists(registry)).toBe(questions(registry).length)
    const before = questions(registry).length
    await platform.advance(600_000)
    expect(lists(registry, before)).toBe(questions(registry).length - before)
    expect(lists(registry, before)).toBeLessThanOrEqual(12)
  })

  test('ten or fewer that changed are asked for one by one', async () => {
    const { registry, platform, readers } = await watch({ refs, prepare: (fake) => fill(fake) })
    await platform.advance(5000)
    const before = questions(registry).length
    for (const name of names.slice(0, 10)) registry.put(web(1, { id: `/${name}`, instances: 1 }))
    await platform.advance(1500)
    expect(lists(registry, before)).toBe(0)
    expect(new Set(questions(registry).slice(before).map(({ path }) => path))).toEqual(new Set(names.slice(0, 10).map((name) => `/v2/apps/${name}`)))
    expect(readers.slice(0, 10).every((reader) => summary(reader.last()) === 'ready 10.0.0.1:8080')).toBe(true)
  })

  test('a list from before a change is no answer to it', async () => {
    const { registry, platform, readers } = await watch({ refs, prepare: (fake) => fill(fake) })
    await platform.advance(5000)
    registry.latency = 3000
    registry.streams.send('group_change_success', { groupId: '/' })
    await platform.advance(1000)
    fill(registry, 1)
    for (const name of names) registry.streams.send('status_update_event', { appId: `/${name}` })
    await platform.advance(20_000)
    expect(readers.map((reader) => endpointsOf(reader.last()).filter(({ held }) => held !== true).length)).toEqual(names.map(() => 1))
  })

  test('one that the list does not show is asked for alone: it may be hidden for lack of rights', async () => {
    const { registry, platform, readers } = await watch({ refs, prepare: (fake) => fill(fake) })
    await platform.advance(5000)
    registry.hidden.add('/app-7')
    registry.streams.send('group_change_success', { groupId: '/' })
    await platform.advance(1000)
    expect(summary(readers[7]?.last() ?? { kind: 'pending' })).toBe('stale denied 10.0.0.1:8080 10.0.0.2:8080')
    expect(summary(readers[8]?.last() ?? { kind: 'pending' })).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  })

  test('a list that is too long is left, and each app asked for alone', async () => {
    const { registry, platform, readers } = await watch({
      refs,
      prepare: (fake) => {
        fill(fake)
        fake.put({ id: '/huge', tasks: [], raw: { padding: 'x'.repeat(33 * 2 ** 20) } }, 'silently')
      },
    })
    await platform.advance(15_000)
    expect(readers.map((reader) => summary(reader.last()))).toEqual(names.map(() => 'ready 10.0.0.1:8080 10.0.0.2:8080'))
    expect(lists(registry)).toBe(1)
  })

  test('a list that fails fails all of them, and large ones are not asked for in a hurry', async () => {
    const { registry, platform, readers } = await watch({ refs, prepare: (fake) => fill(fake) })
    await platform.advance(5000)
    registry.answerWith(() => page(502, 'Could not determine the current leader'))
    registry.streams.send('group_change_success', { groupId: '/' })
    await platform.advance(1000)
    expect(readers.every((reader) => reader.last().kind === 'stale')).toBe(true)
    registry.recover()
    await platform.advance(31_000)
    expect(readers.every((reader) => reader.last().kind === 'ready')).toBe(true)
    registry.put({ id: '/big', tasks: [], raw: { padding: 'x'.repeat(6 * 2 ** 20) } }, 'silently')
    const before = questions(registry).length
    for (let step = 0; step < 100; step++) {
      registry.streams.send('group_change_success', { groupId: '/' })
      await platform.advance(100)
    }
    expect(lists(registry, before)).toBeLessThanOrEqual(6)
    expect(lists(registry, before)).toBeGreaterThanOrEqual(3)
  })
})

describe('references and pods', () => {
  test('an id is a path, each segment encoded by itself', async () => {
    const { registry, reader } = await watch({ refs: ['main/shop/cart%20a'], prepare: (fake) => fake.put(web(3, { id: '/shop/cart a' })) })
    expect(questions(registry)[0]?.path).toBe('/v2/apps/shop/cart%20a')
    expect(summary(reader.last())).toBe(ready)
  })

  test.each(['main/..', 'main/shop/../../leader', 'main/shop//cart', 'main/shop/', 'main/*', 'main/shop/*', 'main/.', 'main/web::status', 'main/web?via=agent', 'main/web?kind=group'])('%s is refused before it is asked', async (ref) => {
    const { registry, reader, platform } = await watch({ refs: [ref] })
    await platform.advance(60_000)
    expect(registry.seen).toEqual([])
    expect(summary(reader.last())).toBe('pending failed')
    expect(reader.attempts[0]?.message).toMatch(/is no id of an app; write it as shop\/cart|is neither/)
  })

  test('a pod is asked for by its status', async () => {
    const spec = { scaling: { kind: 'fixed', instances: 1 }, networks: [{ mode: 'host' }], containers: [{ name: 'c', endpoints: [{ name: 'http', hostPort: 0, protocol: ['tcp'] }] }] }
    const pod = (port: number): Record<string, unknown> => ({ spec, status: 'STABLE', instances: [{ id: 'i1', status: 'STABLE', agentHostname: '10.0.0.7', containers: [{ name: 'c', status: 'TASK_RUNNING', endpoints: [{ name: 'http', allocatedHostPort: port }] }] }] })
    const { registry, platform, reader } = await watch({ refs: ['main/shop/pod?kind=pod'], prepare: (fake) => fake.putPod('/shop/pod', pod(1000)) })
    expect(questions(registry)[0]?.path).toBe('/v2/pods/shop/pod::status')
    expect(summary(reader.last())).toBe('ready 10.0.0.7:1000')
    registry.putPod('/shop/pod', pod(2000))
    await platform.advance(600)
    expect(summary(reader.last())).toBe('ready 10.0.0.7:2000')
  })

  test('a path before /v2 is kept', async () => {
    const asked: string[] = []
    const { registry } = await watch({ options: { address: 'http://m1:8080/service/marathon/' }, prepare: (fake) =>
        fake.answerWith(({ path }) => {
          asked.push(path)
          return undefined
        }),
    })
    expect(registry.seen.length).toBeGreaterThan(0)
    expect(asked).toEqual(expect.arrayContaining(['/service/marathon/v2/apps/web', '/service/marathon/v2/events']))
  })
})

describe('credentials', () => {
  test('Basic, also with letters beyond ASCII', async () => {
    const { registry, reader } = await watch({ options: { username: 'ann', password: 'grün' } })
    expect(summary(reader.last())).toBe(ready)
    expect(registry.seen.map(({ headers }) => headers.get('authorization'))).toEqual(registry.seen.map(() => 'Basic YW5uOmdyw7xu'))
  })

  test('a DC/OS token, which is no Bearer', async () => {
    const { registry, reader } = await watch({ double: { token: 'jwt1' }, options: { token: 'jwt1' } })
    expect(summary(reader.last())).toBe(ready)
    expect(new Set(registry.seen.map(({ headers }) => headers.get('authorization')))).toEqual(new Set(['token=jwt1']))
  })

  test('a token in a file is read again: one that expired is denied until it is renewed', async () => {
    let files: FakeFiles | undefined
    const capabilities = (platform: FakePlatform): Capabilities => {
      files = fakeFiles(platform, ['/'])
      files.write('/token', 'jwt1\n')
      return { files }
    }
    const { registry, platform, reader } = await watch({ double: { token: 'jwt1' }, options: { tokenFile: '/token' }, capabilities })
    expect(summary(reader.last())).toBe(ready)
    registry.token = 'jwt2'
    registry.streams.endAll()
    await platform.advance(40_000)
    expect(summary(reader.last())).toBe(kept('denied'))
    files?.write('/token', 'jwt2')
    await platform.advance(31_000)
    expect(summary(reader.last())).toBe(ready)
    expect(registry.streams.count()).toBe(1)
    files?.write('/token', '')
    registry.streams.send('status_update_event', { appId: '/web' })
    await platform.advance(600)
    expect(reader.attempts.at(-1)?.message).toBe('the token file /token is missing or empty')
  })

  test.each([
    [{ address: 'ftp://m1' }, /http/],
    [{ address: 'http://u:p@m1:8080' }, /must not hold a user and password/],
    [{ leaders: ['http://m1'] }, /host:port/],
    [{ username: 'a:b', password: 'c' }, /colon/],
    [{ password: 'c' }, /a password needs a username/],
    [{ username: 'a', password: 'c', token: 'x' }, /not both/],
    [{ username: 'a', passwordFile: 'x' }, /passwordFile needs files/],
    [{ tokenFile: 'x' }, /tokenFile needs files/],
    [{ via: 'agent' }, /via/],
  ])('%j is refused', (options, message) => {
    expect(() => marathon.create('main', options, fakePlatform())).toThrow(message)
  })
})

function json502(): Response {
  return new Response('{"message":"no"}', { status: 502 })
}

test('an app that is scaled to nothing has no endpoints, also where a label of it is left out', async () => {
  const labels = { owner: 'zeus', template: 'a\nb' }
  const { platform, registry, reader } = await watch({ prepare: (double) => double.put(web(1, { labels, instances: 1 })) })
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080')
  expect(reader.attempts.at(-1)?.rejected).toMatchObject([{ reason: expect.stringContaining('1 of its labels') }])
  registry.put(web(0, { labels, instances: 0 }))
  await platform.advance(120_000)
  expect(summary(reader.last())).toBe('ready')
})
