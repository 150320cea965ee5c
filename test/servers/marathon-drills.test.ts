// Failure drills on a Marathon while load runs: no request fails that could have succeeded, what is shown is true, and recovery
// needs nobody. No Marathon can be run here any more; this one is the double that speaks as it did.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changesWhile, countsWhile, flaps } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import type { Backend } from '../support/drill/backend.ts'
import { json, page } from '../support/fake-marathon/fake-marathon.ts'
import { startMarathon, type MarathonServer } from '../support/fake-marathon/server.ts'
import type { TaskSpec } from '../support/fake-marathon/spec.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'
import { withSecretFile } from '../support/secret-file.ts'

const SPEED = 5

interface Wish {
  readonly instances?: number
  readonly task?: Partial<TaskSpec>
  readonly silently?: boolean
}

describe('a gateway at a Marathon', () => {
  let server: MarathonServer
  beforeEach(async () => {
    server = await startMarathon({ size: 2, heartbeat: 10_000 / SPEED })
  })
  afterEach(() => server.close())

  const task = ({ name, host, port }: Pick<Backend, 'name' | 'host' | 'port'>, more: Partial<TaskSpec> = {}): TaskSpec => ({ id: `web.${name}`, host, ports: [port], alive: true, ...more })
  const put = (tasks: readonly TaskSpec[], { instances = 3, silently = false }: Wish = {}): void => server.put({ id: '/web', instances, ports: [{ name: 'http' }], checks: 1, tasks }, ...(silently ? (['silently'] as const) : []))
  const list = (d: Pick<Drill, 'backend'>, names: readonly string[], wish: Wish = {}): void => put(names.map((name) => task(d.backend(name), wish.task)), wish)

  /** `web` with these backends. A fault proxy is in front of the first node; the second is reached as it is. */
  function plan(backends: readonly string[], more: { readonly speed?: number; readonly registry?: object } = {}): DrillPlan {
    return {
      upstreams: { marathon: server.nodes[0] ?? '' },
      registries: ({ marathon }) => ({ marathon: { address: [`http://${marathon}`, `http://${server.nodes[1]}`], leaders: ['127.0.0.1'], ...more.registry } }),
      services: { web: { from: 'marathon/web', backends } },
      before: async (backend) => list({ backend }, backends, { silently: true }),
      speed: more.speed ?? SPEED,
    }
  }
  const killAll = async (): Promise<void> => {
    for (const node of server.nodes) await server.kill(node)
  }

  test('whose leader changes, forgetting health, goes on with what was known of each task', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      put([task(d.backend('a'), { alive: false }), task(d.backend('b')), task(d.backend('c'))])
      await d.sees('web', 'live a(critical),b,c')
      const [first = '', second = ''] = server.nodes
      server.failover(undefined)
      await server.kill(first)
      await d.sees('web', 'stale a(critical),b,c', { cause: /502|refused|reset|closed/i, since: Date.now() })
      await d.serves('web', ['b', 'c'])
      server.failover(second)
      await d.sees('web', 'live a(critical),b,c')
      await d.serves('web', ['b', 'c'])
      await server.restart(first)
      list(d, ['a', 'b', 'c'])
      server.check()
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    }))

  test('that deploys anew, task by task, loses no request', () =>
    drill(plan(['a', 'b', 'c', 'd']), async (d) => {
      list(d, ['a', 'b'], { instances: 2 })
      await d.uses('web', ['a', 'b'])
      put([task(d.backend('a'), { state: 'TASK_KILLING' }), task(d.backend('b')), task(d.backend('c'))], { instances: 2 })
      await d.sees('web', 'live a(draining),b,c')
      await d.uses('web', ['b', 'c'])
      await d.backend('a').stop()
      put([task(d.backend('b'), { state: 'TASK_KILLING' }), task(d.backend('c')), task(d.backend('d'))], { instances: 2 })
      await d.uses('web', ['c', 'd'])
      await d.backend('b').stop()
      list(d, ['c', 'd'], { instances: 2 })
      await d.sees('web', 'live c,d')
    }))

  test('that hangs is asked one question at a time', () =>
    hangs({ ...plan(['a', 'b', 'c']), registries: ({ marathon }) => ({ marathon: { address: `http://${marathon}` } }) }, { upstream: 'marathon', ref: 'marathon/web' }))

  test('that hangs is given up, not waited for, and heard again when it goes on', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      server.pause()
      await d.sees('web', 'stale a,b,c', { cause: /no answer within/, since: Date.now() })
      await d.backend('c').kill()
      await d.uses('web', ['a', 'b'])
      server.resume()
      list(d, ['a', 'b'], { instances: 2 })
      await d.sees('web', 'live a,b')
    }))

  test('that fails, migrates or refuses rights takes nothing away, and says which', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      for (const [answer, mode, cause] of [
        [page(500, 'Server Error'), 'stale', /500/],
        [page(502, 'Could not determine the current leader'), 'stale', /502 .*Could not determine/],
        [page(503, 'Service Unavailable'), 'stale', /503/],
        [json(401, { message: 'Invalid username or password.' }), 'denied', /401.*check/],
        [json(403, { message: 'Not Authorized to perform this action!' }), 'denied', /403.*view/],
      ] as const) {
        server.answerWith(() => answer)
        server.streams.endAll()
        await d.sees('web', `${mode} a,b,c`, { cause })
        await d.serves('web', ['a', 'b', 'c'])
        server.recover()
        await d.sees('web', 'live a,b,c')
      }
    }))

  test('whose token is revoked is told so, and is asked with the one that is in its file then', () =>
    withSecretFile('first', async ({ path, rotate }) => {
      server.token = 'first'
      await drill(plan(['a', 'b', 'c'], { registry: { tokenFile: path } }), async (d) => {
        await d.sees('web', 'live a,b,c')
        server.token = 'second'
        server.streams.endAll()
        await d.sees('web', 'denied a,b,c', { cause: /401/, since: Date.now() })
        await d.serves('web', ['a', 'b', 'c'])
        await rotate('second')
        await d.sees('web', 'live a,b,c')
        list(d, ['a', 'b'], { instances: 2 })
        await d.sees('web', 'live a,b')
        await d.uses('web', ['a', 'b'])
      })
    }))

  test('that suddenly lists nothing is not believed until it has confirmed that', () =>
    comesBackEmpty(plan(['a', 'b', 'c']), { ref: 'marathon/web', forgets: () => server.remove('/web'), enters: (d, name) => list(d, [name]) }))

  test('that is scaled to nothing on purpose is believed at once', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      await d.excuse('web', async () => {
        put([], { instances: 0 })
        const modes = new Set<string>()
        await d.until('none is left, and that is believed', async () => {
          const { mode, endpoints } = await d.watch('marathon/web')
          modes.add(mode)
          return mode === 'live' && endpoints === 0
        })
        expect(modes).toEqual(new Set(['live']))
        list(d, ['a', 'b', 'c'])
        await d.sees('web', 'live a,b,c')
        await d.uses('web', ['a', 'b', 'c'])
      })
    }))

  test('where one task crashes and comes back again and again: no request is lost, and few sets are put in force', () =>
    drill(plan(['a', 'b', 'c'], { speed: 1 }), async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        list(d, ['a', 'b'])
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        list(d, ['a', 'b', 'c'])
      }
      const { changes, most } = await changesWhile(d, 'marathon/web', () => flaps(d, 'web', crashes, returns))
      expect(changes).toBeLessThanOrEqual(most)
      // It is told when it leaves for good.
      list(d, ['a', 'b'], { instances: 2 })
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
      list(d, ['a', 'b', 'c'])
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    }))

  test('where five thousand tasks change at once is taken whole, and loses no request', () =>
    drill(plan(['a', 'b', 'c'], { speed: 1 }), async (d) => {
      await d.sees('web', 'live a,b,c')
      // All but three are not healthy, so that whoever gets a request can answer it.
      const crowd = (from: number): readonly TaskSpec[] => Array.from({ length: 5000 }, (_, index) => ({ id: `crowd.${from + index}`, host: `10.9.${index >> 8}.${index & 255}`, ports: [from], alive: false }))
      const seen = await countsWhile(d, 'web', 'marathon/web', async () => {
        for (const from of [1000, 2000, 3000]) {
          put([...crowd(from), ...['a', 'b', 'c'].map((name) => task(d.backend(name)))], { instances: 5003 })
          await d.sees('web', new RegExp(`^live (10\\.9\\.\\d+\\.\\d+:${from}\\(critical\\),){5000}a,b,c$`))
          await d.serves('web', ['a', 'b', 'c'])
        }
        list(d, ['a', 'b', 'c'])
        await d.sees('web', 'live a,b,c')
      })
      // Never a part of what was listed.
      expect([...new Set(seen)].toSorted((a, b) => a - b)).toEqual([3, 5003])
    }))

  test('that goes away without a word, or answers late, slowly or by half, never takes endpoints away', () =>
    drill({ ...plan(['a', 'b', 'c']), registries: ({ marathon }) => ({ marathon: { address: `http://${marathon}` } }) }, async (d) => {
      const wire = d.fault('marathon')
      await d.sees('web', 'live a,b,c')
      wire.blackhole()
      await d.sees('web', 'stale a,b,c', { cause: /no answer within/, since: Date.now() })
      wire.cut()
      await wire.refuse()
      await d.sees('web', 'stale a,b,c', { cause: /refused/i, since: Date.now() })
      await wire.pass()
      await d.sees('web', 'live a,b,c')
      wire.truncate(300)
      list(d, ['a', 'b'], { instances: 2 })
      await d.sees('web', 'stale a,b,c', { since: Date.now() })
      await d.serves('web', ['a', 'b', 'c'])
      await wire.pass()
      await d.sees('web', 'live a,b')
      wire.throttle(20_000)
      list(d, ['a', 'b', 'c'])
      await d.sees('web', 'live a,b,c')
      wire.delay(200)
      list(d, ['a', 'b'], { instances: 2 })
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
    }))

  test('whose stream dies silently is looked at by itself, and streamed again', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      await d.until('there is a stream', () => server.streams.count() === 1)
      server.streams.silence(true)
      await d.until('it is given up', () => server.streams.opened() > 1)
      list(d, ['a', 'b'], { instances: 2 })
      await d.sees('web', 'live a,b')
      server.streams.silence(false)
      list(d, ['a', 'b', 'c'])
      await d.sees('web', 'live a,b,c')
    }))

  test('that is down when the gateway starts again: it serves what it knew', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      await d.restart(killAll)
      await d.sees('web', /^(disk|stale) a,b,c$/)
      await d.serves('web', ['a', 'b', 'c'])
      for (const node of server.nodes) await server.restart(node)
      await d.sees('web', 'live a,b,c')
    }))

  test('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () =>
    downAtStart(plan(['a', 'b', 'c']), {
      ref: 'marathon/web',
      goes: killAll,
      async returns() {
        for (const node of server.nodes) await server.restart(node)
      },
    }))
})
