// Failure drills on a real Nomad while load runs: no request fails that could have succeeded, what is shown is true, and recovery
// needs nobody. Instances are jobs without a process; the drill's backends listen on their ports.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { changesWhile, flaps } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { withSecretFile } from '../support/secret-file.ts'
import { httpAnswer } from '../support/drill/fault-proxy.ts'
import { callNomad, listed, runJob, stopJob, stopJobs, type NomadAt } from '../support/servers/nomad-client.ts'
import { startNomad } from '../support/servers/nomad.ts'
import { describeWithServers } from '../support/servers.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'

type RealNomad = Awaited<ReturnType<typeof startNomad>>

const enter = (at: NomadAt, { name, port }: { readonly name: string; readonly port: number }): Promise<void> => runJob(at, { id: `web-${name}`, port })
const leave = (at: NomadAt, name: string): Promise<void> => stopJob(at, `web-${name}`)

/** `web` with these backends at one Nomad, the first `entered` of them listed before the gateway starts. */
function plan(server: RealNomad, backends: readonly string[], more: { readonly speed?: number; readonly registry?: object; readonly host?: string; readonly entered?: number } = {}): DrillPlan {
  const { entered = backends.length } = more
  return {
    upstreams: { nomad: server.address },
    registries: ({ nomad }) => ({ nomad: { address: `http://${nomad}`, ...more.registry } }),
    services: { web: { from: 'nomad/web', backends } },
    before: async (backend) => {
      for (const name of backends.slice(0, entered)) await enter(server, backend(name))
    },
    ...(more.speed === undefined ? {} : { speed: more.speed }),
    ...(more.host === undefined ? {} : { host: more.host }),
  }
}

const cutOff = /failed|no answer|refused|reset|closed|socket/i

describeWithServers(['nomad'], 'a gateway at a Nomad', () => {
  let server: RealNomad
  beforeAll(async () => {
    server = await startNomad()
  })
  afterAll(() => server.stop())
  afterEach(() => stopJobs(server))

  test('that is killed and comes back empty goes on with what it knew, until the emptiness is confirmed', () =>
    comesBackEmpty(plan(server, ['a', 'b', 'c']), {
      ref: 'nomad/web',
      async forgets(d) {
        await server.kill()
        await d.sees('web', 'stale a,b,c', { cause: cutOff, since: Date.now() })
        await d.serves('web', ['a', 'b', 'c'])
        // The time of the hold begins when it can run jobs.
        await d.fault('nomad').refuse()
        await server.restart()
        await d.fault('nomad').pass()
      },
      enters: (d, name) => enter(server, d.backend(name)),
    }))

  test('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () => downAtStart(plan(server, ['a', 'b', 'c']), { ref: 'nomad/web' }))

  test('that hangs is asked one question at a time', () => hangs(plan(server, ['a', 'b', 'c']), { upstream: 'nomad', ref: 'nomad/web' }))

  test('that hangs is given up, not waited for, and heard again when it goes on', () =>
    drill(plan(server, ['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      server.pause()
      try {
        await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
        await d.backend('b').kill()
        await d.uses('web', ['a'])
      } finally {
        server.resume()
      }
      await leave(server, 'b')
      await d.sees('web', 'live a')
    }))

  test('that goes away without a word, or answers late, slowly, by half or with an error never takes endpoints away', () =>
    drill(plan(server, ['a', 'b']), async (d) => {
      const nomad = d.fault('nomad')
      await d.sees('web', 'live a,b')
      nomad.blackhole()
      await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
      nomad.cut()
      await nomad.refuse()
      await d.sees('web', 'stale a,b', { cause: /refused/i, since: Date.now() })
      await nomad.pass()
      await d.sees('web', 'live a,b')
      nomad.truncate(200)
      nomad.cut()
      await leave(server, 'b')
      await d.sees('web', 'stale a,b', { cause: cutOff, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      nomad.answer(httpAnswer('500 Internal Server Error', 'No cluster leader', { 'x-nomad-index': '1' }))
      await d.sees('web', 'stale a,b', { cause: /500 No cluster leader/ })
      await d.serves('web', ['a', 'b'])
      await nomad.pass()
      await d.sees('web', 'live a')
      // Slow is not dead: what comes in time is taken.
      nomad.throttle(20_000)
      await enter(server, d.backend('b'))
      await d.sees('web', 'live a,b')
      nomad.delay(200)
      await leave(server, 'b')
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
    }))

  test('whose event stream goes silent on a connection that stays open finds what it did not hear, and hears again', () =>
    drill(plan(server, ['a', 'b', 'c'], { speed: 15 }), async (d) => {
      await d.sees('web', 'live a,b,c')
      d.fault('nomad').strand()
      await leave(server, 'c')
      await d.sees('web', 'live a,b')
      await d.backend('c').stop()
      await d.until('the silent stream is given up', () => d.logs.some((line) => /the event stream ended: no sign of life within 75 s/.test(line)))
      await leave(server, 'b')
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
    }))

  test('that is down when the gateway starts serves what it knew', () =>
    drill(plan(server, ['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      await d.restart(() => d.fault('nomad').refuse())
      await d.sees('web', /^(disk|stale) a,b$/)
      await d.serves('web', ['a', 'b'])
      await d.fault('nomad').pass()
      await d.sees('web', 'live a,b')
    }))

  test('where one instance crashes and comes back all the time loses no request, and few sets are put in force', () =>
    drill(plan(server, ['a', 'b', 'c'], { speed: 1 }), async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await leave(server, 'c')
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await enter(server, d.backend('c'))
      }
      const { changes, most } = await changesWhile(d, 'nomad/web', () => flaps(d, 'web', crashes, returns))
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      // It is told when it leaves for good.
      await leave(server, 'c')
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
    }))

  test('where a few instances are replaced by a hundred at once knows all of them in the end', () =>
    drill(plan(server, ['a', 'b', 'c'], { speed: 1, host: '0.0.0.0', entered: 0 }), async (d) => {
      const all = ['a', 'b', 'c'] as const
      const wave = async (number: number, count: number): Promise<void> => {
        for (const [row, name] of all.entries()) {
          // Every address of 127.0.0.0/8 leads to this machine.
          const more = { Address: `127.${number}.${row}.\${NOMAD_ALLOC_INDEX}`, PortLabel: String(d.backend(name).port) }
          await runJob(server, { id: `wave-${number}-${name}`, count, more })
        }
      }
      const known = (count: number): Promise<unknown> =>
        d.until(`${count} instances are known`, async () => {
          const { mode, endpoints } = await d.watch('nomad/web')
          return mode === 'live' && endpoints === count
        })
      await wave(1, 5)
      await known(15)
      await d.uses('web', ['a', 'b', 'c'])
      await wave(2, 34)
      await known(117)
      for (const name of all) await stopJob(server, `wave-1-${name}`)
      await known(102)
      await d.uses('web', ['a', 'b', 'c'])
      expect(d.logs.filter((line) => line.startsWith('error'))).toEqual([])
    }))
})

describeWithServers(['nomad'], 'a gateway at a Nomad that keeps its state', () => {
  let server: RealNomad
  beforeAll(async () => {
    server = await startNomad({ durable: true })
  })
  afterAll(() => server.stop())

  test('which is put back to an older one is followed anew, whatever comes out of that', () =>
    drill(plan(server, ['a', 'b', 'c', 'd'], { entered: 3, speed: 1 }), async (d) => {
      await d.sees('web', 'live a,b,c')
      const snapshot = new Uint8Array(await (await callNomad(server, 'GET', 'operator/snapshot')).arrayBuffer())
      await leave(server, 'c')
      for (let turn = 0; turn < 5; turn++) {
        await enter(server, d.backend('d'))
        await leave(server, 'd')
      }
      await enter(server, d.backend('d'))
      await d.sees('web', 'live a,b,d')
      await callNomad(server, 'PUT', 'operator/snapshot', snapshot)
      // Which of the jobs of then its client takes up again is Nomad's affair; what comes out of that is listed, and must be known.
      const follows = (gone: string): Promise<unknown> =>
        d.until(`what Nomad lists without ${gone} is what is used`, async () => {
          const ports = (await listed(server)).map(({ Port: port }) => port)
          const names = ['a', 'b', 'c', 'd'].filter((name) => ports.includes(d.backend(name).port))
          const used = new Set((await d.next('web')).map(({ by }) => by))
          return names.length > 0 && names.join() === [...used].toSorted().join() && !used.has(gone) && (await d.watch('nomad/web')).mode === 'live'
        })
      await follows('d')
      const id = (await listed(server)).find(({ Port: port }) => port === d.backend('a').port)?.ID ?? ''
      await callNomad(server, 'DELETE', `service/web/${id}`)
      await follows('a')
    }))
})

describeWithServers(['nomad'], 'a gateway with a token', () => {
  let server: RealNomad
  beforeAll(async () => {
    server = await startNomad({ acl: true })
  })
  afterAll(() => server.stop())
  afterEach(() => stopJobs(server))

  const allow = (namespace: string): Promise<unknown> => callNomad(server, 'PUT', 'acl/policy/gateway', { Name: 'gateway', Rules: `namespace "${namespace}" { policy = "read" }` })

  const issue = async (): Promise<{ readonly SecretID: string; readonly AccessorID: string }> =>
    (await (await callNomad(server, 'PUT', 'acl/token', { Name: 'gateway', Type: 'client', Policies: ['gateway'] })).json()) as { SecretID: string; AccessorID: string }

  test('that loses its rights is told so, and loses no endpoint by it', async () => {
    await allow('default')
    const token = await issue()
    await drill(plan(server, ['a', 'b'], { registry: { token: token.SecretID } }), async (d) => {
      await d.sees('web', 'live a,b')
      await allow('other')
      await d.sees('web', 'denied a,b', { cause: /403 Permission denied; check the token/, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      await allow('default')
      await d.sees('web', 'live a,b')
      await leave(server, 'b')
      await d.sees('web', 'live a')
      await callNomad(server, 'DELETE', `acl/token/${token.AccessorID}`)
      await d.sees('web', 'denied a', { cause: /403 Permission denied/ })
      await d.serves('web', ['a'])
    })
  })

  test('that is revoked is told so, and asks with the one that is in its file then', async () => {
    await allow('default')
    const first = await issue()
    await withSecretFile(first.SecretID, ({ path, rotate }) =>
      drill(plan(server, ['a', 'b'], { registry: { tokenFile: path } }), async (d) => {
        await d.sees('web', 'live a,b')
        await callNomad(server, 'DELETE', `acl/token/${first.AccessorID}`)
        await d.sees('web', 'denied a,b', { cause: /403 Permission denied/ })
        await d.serves('web', ['a', 'b'])
        await rotate((await issue()).SecretID)
        await d.sees('web', 'live a,b')
        await leave(server, 'b')
        await d.sees('web', 'live a')
        await d.uses('web', ['a'])
      }),
    )
  })
})
