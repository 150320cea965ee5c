// Failure drills of Nomad while load runs: no request fails that could have succeeded, what is shown is true, and recovery
// needs nobody. The registry is the fake behind a real socket, for what a real one does not do at will (see test/servers/nomad-drills.test.ts).
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countsWhile, crowd, knows, type Member } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import type { FakeNomad, PutOptions } from '../support/fake-nomad.ts'
import { plain } from '../support/nomad-wire.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { serveNomad, type ServedNomad } from '../support/serve-nomad.ts'

const SPEED = 5
/** Instances in a storm, and how many of them one change replaces. */
const CROWD = 5000
const STEP = 1000

let served: ServedNomad
let registry: FakeNomad
beforeEach(async () => {
  served = await serveNomad({ speed: SPEED })
  registry = served.registry
})
afterEach(() => served.stop())

type Backends = Pick<Drill, 'backend'>

/** Makes these the instances of `web`. */
function list(d: Backends, names: readonly string[], options: PutOptions = {}): void {
  registry.put('web', names.map((name) => ({ id: name, address: d.backend(name).host, port: d.backend(name).port })), options)
}

function plan(backends: readonly string[], options: object = {}, speed: number = SPEED): DrillPlan {
  return {
    upstreams: { nomad: served.address },
    registries: ({ nomad }) => ({ nomad: { address: `http://${nomad}`, checksEvery: '5s', ...options } }),
    services: { web: { from: 'nomad/web', backends } },
    speed,
    before: async (backend) => list({ backend }, backends),
  }
}

const cutOff = /failed|no answer|refused|reset|closed|socket/i

test('a deploy that replaces every allocation loses no request: what was heard to leave gets no more', () =>
  // In true time nothing is found by the list that comes each 45 s.
  drill(plan(['a', 'b', 'c'], {}, 1), async (d) => {
    await d.sees('web', 'live a,b,c')
    for (const [gone, left] of [['a', ['b', 'c']], ['b', ['a', 'c']], ['c', ['a', 'b']]] as const) {
      // Nomad deregisters, waits for shutdown_delay, and kills.
      list(d, left)
      await d.uses('web', left)
      await d.backend(gone).stop()
      await d.backend(gone).start()
      list(d, ['a', 'b', 'c'])
      await d.uses('web', ['a', 'b', 'c'])
    }
  }))

test('a job that is stopped is gone at once, and comes back', () =>
  drill(plan(['a', 'b']), async (d) => {
    await d.sees('web', 'live a,b')
    await d.excuse('web', async () => {
      list(d, [])
      const modes = new Set<string>()
      await d.until('the emptiness is believed', async () => {
        const { mode, endpoints } = await d.watch('nomad/web')
        modes.add(mode)
        return mode === 'live' && endpoints === 0
      })
      expect(modes).toEqual(new Set(['live']))
      list(d, ['a', 'b'])
      await d.uses('web', ['a', 'b'])
    })
  }))

test('an instance whose check fails gets no requests, although Nomad lists it', () =>
  drill(plan(['a', 'b']), async (d) => {
    await d.sees('web', 'live a,b')
    registry.setChecks('b', ['web', 'failure'])
    await d.sees('web', 'live a,b(critical)')
    await d.uses('web', ['a'])
    await d.backend('b').kill()
    await d.serves('web', ['a'])
    await d.backend('b').start()
    registry.setChecks('b', ['web', 'success'])
    await d.uses('web', ['a', 'b'])
  }))

test('an agent that goes away, hangs, or answers late, slowly or by half never takes endpoints away', () =>
  drill(plan(['a', 'b', 'c']), async (d) => {
    const nomad = d.fault('nomad')
    await d.sees('web', 'live a,b,c')
    await nomad.refuse()
    await d.sees('web', 'stale a,b,c', { cause: /refused/, since: Date.now() })
    await d.serves('web', ['a', 'b', 'c'])
    await nomad.pass()
    await d.sees('web', 'live a,b,c')
    nomad.blackhole()
    await d.sees('web', 'stale a,b,c', { cause: /no answer within/, since: Date.now() })
    await d.backend('c').kill()
    await d.uses('web', ['a', 'b'])
    await nomad.pass()
    list(d, ['a', 'b'])
    await d.sees('web', 'live a,b')
    nomad.truncate(300)
    nomad.cut()
    await d.sees('web', 'stale a,b', { cause: cutOff })
    await nomad.pass()
    nomad.throttle(20_000)
    await d.sees('web', 'live a,b')
    nomad.delay(200)
    await d.backend('c').start()
    list(d, ['a', 'b', 'c'])
    await d.uses('web', ['a', 'b', 'c'])
  }))

test('a stream that is cut, or silent, is opened again, and what it did not say is found', () =>
  drill(plan(['a', 'b', 'c']), async (d) => {
    await d.sees('web', 'live a,b,c')
    registry.cut()
    list(d, ['a', 'b'])
    await d.sees('web', 'live a,b')
    await d.until('the stream is there again', async () => registry.streams() === 1)
    const opened = (): number => registry.seen.filter(({ path }) => path === '/v1/event/stream').length
    const before = opened()
    registry.freeze()
    list(d, ['a'])
    await d.sees('web', 'live a')
    await d.until('the silent stream is given up', () => opened() > before)
  }))

test.each([
  ['500', () => plain(500, 'No cluster leader', { 'x-nomad-index': '1' }), 'stale', /500 No cluster leader/],
  ['403', () => plain(403, 'Permission denied'), 'denied', /403 Permission denied; check the token/],
] as const)('an agent that answers %s loses no endpoint by it', (_, answer, mode, cause) =>
  drill(plan(['a', 'b']), async (d) => {
    await d.sees('web', 'live a,b')
    registry.answerWith(() => answer())
    registry.cut()
    await d.sees('web', `${mode} a,b`, { cause, since: Date.now() })
    await d.serves('web', ['a', 'b'])
    registry.recover()
    list(d, ['a'])
    await d.sees('web', 'live a')
  }))

test('a token that loses its rights in all namespaces is told so, and loses no endpoint by it', async () => {
  registry.acl({ t: ['*'] })
  await drill(plan(['a', 'b'], { token: 't', namespaces: ['*'] }), async (d) => {
    await d.sees('web', 'live a,b')
    registry.acl({ t: [] })
    await d.sees('web', 'denied a,b', { cause: /without an index.*read-job/ })
    await d.serves('web', ['a', 'b'])
    registry.acl({ t: ['default'] })
    await d.sees('web', 'live a,b')
  })
})

test('an agent that comes back empty is not believed until it has confirmed that', () =>
  comesBackEmpty(plan(['a', 'b', 'c']), { ref: 'nomad/web', forgets: () => registry.restartEmpty(), enters: (d, name) => list(d, [name]) }))

test('a gateway that starts while the agent is down serves what it knew', () =>
  drill(plan(['a', 'b']), async (d) => {
    await d.sees('web', 'live a,b')
    await d.restart(() => d.fault('nomad').refuse())
    await d.sees('web', /^(disk|stale) a,b$/)
    await d.serves('web', ['a', 'b'])
    await d.fault('nomad').pass()
    await d.sees('web', 'live a,b')
  }))

test('an instance that comes and goes costs few lists and no request', () =>
  drill(plan(['a', 'b', 'c'], {}, 1), async (d) => {
    await d.sees('web', 'live a,b,c')
    const lists = (): number => registry.seen.filter(({ path }) => path === '/v1/service/web').length
    const [before, began] = [lists(), performance.now()]
    for (let flap = 0; flap < 40; flap++) {
      list(d, flap % 2 === 0 ? ['a', 'b'] : ['a', 'b', 'c'])
      await d.next('web', 3)
    }
    // Ten a second, however many events there are.
    expect(lists() - before).toBeLessThanOrEqual((performance.now() - began) / 100 + 2)
    // It is told when it leaves for good.
    list(d, ['a', 'b'])
    await d.sees('web', 'live a,b')
    await d.serves('web', ['a', 'b'])
    list(d, ['a', 'b', 'c'])
    await d.uses('web', ['a', 'b', 'c'])
    expect(d.logs.filter((line) => line.startsWith('error'))).toEqual([])
  }))

test('where five thousand instances are replaced by as many others, some at a time and all at once: the set is never a part of itself, and no request is lost', () => {
  const register = (members: readonly Member[]): void => registry.put('web', members.map(({ name, host, port }) => ({ id: name, address: host, port })))
  const wave = (d: Backends, number: number): readonly Member[] => crowd(d, ['a', 'b', 'c'], number, CROWD)
  const these = (number: number): RegExp => new RegExp(`^live (127\\.${number}\\.\\d+\\.\\d+:\\d+,?){${CROWD}}$`)
  return drill({ ...plan(['a', 'b', 'c']), host: '0.0.0.0', before: async (backend) => register(wave({ backend }, 1)) }, async (d) => {
    await knows(d, 'nomad/web', CROWD)
    const [old, next] = [wave(d, 1), wave(d, 2)]
    const seen = await countsWhile(d, 'web', 'nomad/web', async () => {
      for (let done = STEP; done <= CROWD; done += STEP) {
        register([...next.slice(0, done), ...old.slice(done)])
        await d.next('web')
      }
      await d.sees('web', these(2))
      register(old)
      await d.sees('web', these(1))
    })
    expect([...new Set(seen)]).toEqual([CROWD])
    await d.uses('web', ['a', 'b', 'c'])
  })
})
