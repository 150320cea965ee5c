// Failure drills on real Eurekas that answer, but refuse, or slowly, while load runs: no request fails that could have succeeded, what is shown
// is true, and recovery needs nobody.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { httpAnswer } from '../support/drill/fault-proxy.ts'
import { cancel, register } from '../support/servers/eureka-client.ts'
import { startEureka, type EurekaServer } from '../support/servers/eureka.ts'
import { describeWithServers } from '../support/servers.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'

/** Whatever starts a JVM, on a loaded machine: milliseconds. */
const SLOW = 240_000

describeWithServers(['eureka'], 'a gateway at a Eureka', () => {
  let server: EurekaServer
  beforeAll(async () => {
    server = await startAlone()
  }, SLOW)
  afterAll(() => server.stop())

  const ALL = ['a', 'b', 'c', 'd']
  /** `web` at these servers, in this order; its backends are registered at the first. */
  const plan = (upstreams: DrillPlan['upstreams'], names = ALL): DrillPlan => ({
    upstreams: upstreams ?? {},
    // The zone says which is used first.
    registries: ({ first, second }) => ({ eureka: { zone: 'z1', address: { z1: `http://${first}/eureka`, ...(second === undefined ? {} : { z2: `http://${second}/eureka` }) }, every: '3s' } }),
    services: { web: { from: 'eureka/WEB', backends: names } },
    before: async (backend) => {
      for (const name of names) await register(server.url, backend(name))
    },
    speed: 10,
  })

  test('that fails or refuses rights takes nothing away, and says which', () =>
    drill(plan({ first: server.address }), async (d) => {
      await d.sees('web', 'live a,b,c,d')
      for (const [answer, mode, cause] of [
        [httpAnswer('500 Internal Server Error', 'it broke'), 'stale', /500 it broke/],
        [httpAnswer('401 Unauthorized', ''), 'denied', /401.*user and a password/],
        [httpAnswer('403 Forbidden', 'no rights'), 'denied', /403 no rights; check user and password/],
        // As Netflix' own server before it has copied anything.
        [httpAnswer('403 Forbidden'), 'stale', /403 without a word/],
      ] as const) {
        d.fault('first').answer(answer)
        await d.sees('web', `${mode} a,b,c,d`, { cause, since: Date.now() })
        await d.serves('web', ALL)
        await d.fault('first').pass()
        await d.sees('web', 'live a,b,c,d')
      }
      await cancel(server.url, d.backend('d'))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    }))

  test('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () =>
    downAtStart(plan({ first: server.address }, ['a', 'b', 'c']), { ref: 'eureka/WEB' }))

  test('that hangs is asked one question at a time', () => hangs(plan({ first: server.address }, ['a', 'b', 'c']), { upstream: 'first', ref: 'eureka/WEB' }))

  test('that answers slowly, or late, is waited for', () =>
    // Its answers may take 10 s, which is 3 s here.
    drill({ ...plan({ first: server.address }), speed: 3 }, async (d) => {
      const wire = d.fault('first')
      await d.sees('web', 'live a,b,c,d')
      wire.throttle(20_000)
      await cancel(server.url, d.backend('d'))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      wire.delay(200)
      await register(server.url, d.backend('d'))
      await d.sees('web', 'live a,b,c,d')
      await d.uses('web', ALL)
      expect(d.logs.filter((line) => /^(warn|error)/.test(line))).toEqual([])
    }))

  test('that is lost, for a peer that has just started: its 403 and its short list take nothing away', () =>
    drill(plan({ first: server.address, second: '127.0.0.1:1' }), async (d) => {
      await d.sees('web', 'live a,b,c,d')
      await d.fault('first').refuse()
      await d.sees('web', 'stale a,b,c,d', { cause: /refused/, since: Date.now() })
      // Long enough to be seen closed, and shorter than what it says then is waited for.
      const peer = await startAlone(15_000)
      try {
        for (const name of ['a', 'b']) await register(peer.url, d.backend(name))
        d.fault('second').retarget(peer.address)
        await d.sees('web', 'stale a,b,c,d', { cause: /403 without a word/, since: Date.now() })
        await d.serves('web', ALL)
        await d.sees('web', 'guarded a,b,c,d', { cause: /2 of 4 endpoints vanished/ })
        // Who is in doubt gets what nobody else can take.
        await d.serves('web', ['a', 'b'])
        for (const name of ['c', 'd']) await register(peer.url, d.backend(name))
        await d.sees('web', 'live a,b,c,d')
        await cancel(peer.url, d.backend('d'))
        await d.sees('web', 'live a,b,c')
        await d.uses('web', ['a', 'b', 'c'])
      } finally {
        await peer.stop()
      }
    }), SLOW)
})

async function startAlone(closedFor = 0): Promise<EurekaServer> {
  const [server] = await startEureka(1, { closedFor })
  if (server === undefined) throw new Error('no server')
  return server
}
