// Failure drills of the Kubernetes adapter over real sockets, on the double of an API server, while load runs.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Backend } from '../support/drill/backend.ts'
import { changesWhile, flaps } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { endpoint, status, type SliceSpec } from '../support/fake-k8s.ts'
import { startFakeK8s, type FakeK8sServer } from '../support/fake-k8s-server.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'

let server: FakeK8sServer
beforeEach(async () => {
  server = await startFakeK8s()
})
afterEach(() => server.close())

/** One slice for each backend, since each has a port of its own. */
function put({ name, host, port }: Pick<Backend, 'name' | 'host' | 'port'>, conditions: object = { ready: true }): void {
  server.fake.put({ name: `web-${name}`, service: 'web', ports: [{ name: 'http', port, protocol: 'TCP' }], endpoints: [{ addresses: [host], conditions, targetRef: { kind: 'Pod', name, uid: name } }] })
}
const remove = (name: string): void => server.fake.remove(`web-${name}`)

function plan(backends: readonly string[], { wait = '10s', ...more }: { readonly speed?: number; readonly wait?: string } = {}): DrillPlan {
  return {
    upstreams: { k8s: server.address },
    registries: ({ k8s }) => ({ k8s: { address: `http://${k8s}`, token: 'secret', wait } }),
    services: { web: { from: 'k8s/default/web:http', backends } },
    before: async (backend) => {
      for (const name of backends) put(backend(name))
    },
    ...more,
  }
}

/** As a cluster does it: leaving, then gone, then the process ends. */
async function roll(d: Drill, name: string, left: readonly string[]): Promise<void> {
  put(d.backend(name), { ready: false, serving: true, terminating: true })
  await d.uses('web', left)
  await d.backend(name).stop()
  remove(name)
}

test('a rolling deploy loses no request', () =>
  drill(plan(['a', 'b', 'c']), async (d) => {
    await d.sees('web', 'live a,b,c')
    for (const [name, left] of [['a', ['b', 'c']], ['b', ['a', 'c']], ['c', ['a', 'b']]] as const) {
      await roll(d, name, left)
      await d.sees('web', `live ${left.join(',')}`)
      await d.backend(name).start()
      put(d.backend(name))
      await d.uses('web', ['a', 'b', 'c'])
    }
  }))

test('an API server that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () => downAtStart(plan(['a', 'b', 'c']), { ref: 'k8s/default/web:http' }))

test('an API server that hangs is asked one question at a time', () => hangs(plan(['a', 'b', 'c']), { upstream: 'k8s', ref: 'k8s/default/web:http' }))

test('an API server that is out of reach, silent, late or cut off never takes endpoints away', () =>
  drill(plan(['a', 'b']), async (d) => {
    const api = d.fault('k8s')
    await d.sees('web', 'live a,b')
    await api.refuse()
    await d.sees('web', 'stale a,b', { cause: /refused/, since: Date.now() })
    await d.serves('web', ['a', 'b'])
    await api.pass()
    await d.sees('web', 'live a,b')
    api.blackhole()
    await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
    api.cut()
    await api.pass()
    await d.sees('web', 'live a,b')
    api.truncate(300)
    api.cut()
    await d.sees('web', 'stale a,b', { since: Date.now() })
    remove('b')
    await d.serves('web', ['a', 'b'])
    await api.pass()
    await d.sees('web', 'live a')
    api.throttle(20_000)
    put(d.backend('b'))
    await d.sees('web', 'live a,b')
    await d.uses('web', ['a', 'b'])
  }))

test('a watch that goes deaf, on a connection that stays open, is given up, and what it did not say is found', () =>
  drill(plan(['a', 'b', 'c']), async (d) => {
    await d.sees('web', 'live a,b,c')
    await d.until('it watches', () => server.fake.watching() > 0)
    server.fake.freeze()
    remove('c')
    await d.sees('web', 'live a,b')
    await d.uses('web', ['a', 'b'])
  }))

test('expired versions, errors, lost rights and a restored store are told, and mended without anybody', () =>
  drill(plan(['a', 'b', 'c']), async (d) => {
    const { fake } = server
    await d.sees('web', 'live a,b,c')
    for (const goneAs of ['status', 'event'] as const) {
      fake.goneAs = goneAs
      // The watch that is open ends in its time, and the next one from its version is refused: this is found by a list or not at all.
      fake.deaf = true
      remove('c')
      fake.compact()
      fake.deaf = false
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
      put(d.backend('c'))
      await d.uses('web', ['a', 'b', 'c'])
      await d.sees('web', 'live a,b,c')
    }
    fake.answerWith(() => status(500, 'InternalError', 'etcdserver: leader changed'))
    fake.endWatches('error')
    await d.sees('web', 'stale a,b,c', { cause: /500 etcdserver: leader changed/, since: Date.now() })
    fake.recover()
    await d.sees('web', 'live a,b,c')
    fake.tokens = new Map([['secret', []]])
    fake.endWatches('end')
    await d.sees('web', 'denied a,b,c', { cause: /cannot list resource/, since: Date.now() })
    await d.serves('web', ['a', 'b', 'c'])
    fake.tokens = undefined
    await d.sees('web', 'live a,b,c')
    fake.restore(50, [])
    for (const name of ['a', 'b']) put(d.backend(name))
    await d.sees('web', 'live a,b')
    await d.uses('web', ['a', 'b'])
  }))

test('a store that comes back empty is not believed until it has confirmed that', () =>
  comesBackEmpty(plan(['a', 'b', 'c']), { ref: 'k8s/default/web:http', forgets: () => server.fake.restore(50, []), enters: (d, name) => put(d.backend(name)) }))

test('a gateway that starts while the API server is away serves what it knew', () =>
  drill(plan(['a', 'b']), async (d) => {
    await d.sees('web', 'live a,b')
    await d.restart(() => d.fault('k8s').refuse())
    await d.sees('web', 'stale a,b', { cause: /refused/, since: Date.now() })
    await d.serves('web', ['a', 'b'])
    await d.fault('k8s').pass()
    await d.sees('web', 'live a,b')
  }))

test('where one pod crashes and comes back again and again: no request is lost, few sets are put in force, and none of it is asked for', () =>
  // A watch lasts longer than a drill waits for anything: what is seen was told, and not found when one began.
  drill(plan(['a', 'b', 'c'], { speed: 1, wait: '60s' }), async (d) => {
    await d.sees('web', 'live a,b,c')
    const [asked, c] = [server.fake.seen.length, d.backend('c')]
    const crashes = async (): Promise<void> => {
      await c.kill()
      put(c, { ready: false, serving: false, terminating: false })
    }
    const returns = async (): Promise<void> => {
      await c.start()
      put(c)
    }
    const { changes, most } = await changesWhile(d, 'k8s/default/web:http', () => flaps(d, 'web', crashes, returns))
    expect(changes).toBeLessThanOrEqual(most)
    await d.sees('web', 'live a,b,c')
    // At once, while the gateway still rests from the change before.
    remove('c')
    await d.sees('web', 'live a,b')
    await d.serves('web', ['a', 'b'])
    put(c)
    await d.uses('web', ['a', 'b', 'c'])
    expect(server.fake.seen.slice(asked).filter(({ query }) => !query.has('watch'))).toEqual([])
  }))

test('where thousands of endpoints are replaced by others, several times: all are taken, and no request is lost', () =>
  drill(plan(['a', 'b', 'c'], { speed: 1 }), async (d) => {
    await d.sees('web', 'live a,b,c')
    for (const [wave, size] of [100, 60, 90].entries()) {
      for (let index = 0; index < SLICES; index++) server.fake.put(crowded(wave, index, size))
      await d.until('all of them are known', async () => (await d.watch('k8s/default/web:http')).endpoints === SLICES * size + 3)
      await d.serves('web', ['a', 'b', 'c'])
    }
    for (let index = 0; index < SLICES; index++) server.fake.remove(`crowd-${index}`)
    await d.sees('web', 'live a,b,c')
    await d.serves('web', ['a', 'b', 'c'])
  }))

const SLICES = 50

/** A slice of endpoints none of which is ready, so that whoever gets a request can answer it. */
function crowded(wave: number, index: number, size: number): SliceSpec {
  return { name: `crowd-${index}`, service: 'web', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], endpoints: Array.from({ length: size }, (_, at) => endpoint(`10.${wave}.${index}.${at}`, { conditions: { ready: false } })) }
}
