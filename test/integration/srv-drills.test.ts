// Failure drills of DNS SRV records while load runs, on a name server that misbehaves as no real one would for a test. What a real
// one does is drilled in test/servers/srv-drills.test.ts.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changesWhile, countsWhile, crowd, knows } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { addressRecord, srvRecord, type DnsReplied } from '../support/fake-dns.ts'
import { serveDns, type DnsVoice, type ServedDns } from '../support/serve-dns.ts'

/** Instances in each answer: more than fit into a datagram, and than answers are put together of. */
const CROWD = 200
const WAVES = 20
const SPEED = 5
const ALL = ['a', 'b', 'c']
const REF = 'srv/web.example'

let server: ServedDns
beforeEach(async () => {
  server = await serveDns()
})
afterEach(() => server.stop())

const plan = (first: (d: Pick<Drill, 'backend'>) => DnsVoice): DrillPlan => ({
  registries: () => ({ srv: { servers: server.address } }),
  services: { web: { from: REF, backends: ALL } },
  host: '0.0.0.0',
  speed: SPEED,
  before: async (backend) => server.speak(first({ backend })),
})

/** The instances of this wave, which share no address with those of another, to be forgotten at once. */
function wave(d: Pick<Drill, 'backend'>, number: number): DnsReplied {
  const members = crowd(d, ALL, 1 + number, CROWD)
  return { answers: members.map(({ name, port }) => srvRecord('web.example', `i${name}.example`, port, { ttl: 0 })), additionals: members.map(({ name, host }) => addressRecord(`i${name}.example`, host, 0)) }
}

const GARBAGE = new Uint8Array([0, 1, 2, 3])

/** How often the set of endpoints was put in force while this voice had given so many answers by TCP, and how often that may have been. It is never a part of an answer. */
async function storm(d: Drill, given: () => number, voice: DnsVoice): Promise<{ readonly changes: number; readonly most: number }> {
  const counts: number[] = []
  const speaks = async (): Promise<void> => {
    server.speak(voice)
    while (given() < WAVES) await d.next('web', 4)
  }
  const bound = await changesWhile(d, REF, async () => void counts.push(...(await countsWhile(d, 'web', REF, speaks))), SPEED)
  expect([...new Set(counts)]).toEqual([CROWD])
  return bound
}

/** It ends with the truth. */
async function settles(d: Drill): Promise<void> {
  server.speak(() => [wave(d, 77)])
  await d.sees('web', /^live (127\.78\.\d+\.\d+:\d+,?){200}$/)
  await d.uses('web', ALL)
}

test('a server whose every answer is another set, to be forgotten at once: it is asked once a second, and no request is lost', () =>
  drill(plan((d) => () => [wave(d, 0)]), async (d) => {
    await knows(d, REF, CROWD)
    let given = 0
    // By UDP each is cut; by TCP each whole one is another.
    const { changes, most } = await storm(d, () => given, ({ tcp }) => [wave(d, tcp ? ++given : 0)])
    expect(changes).toBeLessThanOrEqual(most)
    // Of the windows in which a set may be put in force there are four in a second.
    expect(given).toBeLessThanOrEqual(Math.floor((most - 1) / 4) + 1)
    await settles(d)
  }))

test('a server whose every answer is another set, among forged, broken and missing ones: what is used is one of them whole, and no request is lost', () =>
  drill(plan((d) => () => [wave(d, 0)]), async (d) => {
    await knows(d, REF, CROWD)
    let [asked, given] = [0, 0]
    const odd = (): readonly (readonly (DnsReplied | Uint8Array)[])[] => [[wave(d, given)], [GARBAGE], [], [{ code: 2 }], [wave(d, given)]]
    const { changes, most } = await storm(d, () => given, ({ tcp }) => {
      if (!tcp) return asked++ % 3 === 0 ? [GARBAGE, wave(d, 0)] : [wave(d, 0)]
      return odd()[given++ % 5] ?? []
    })
    expect(changes).toBeLessThanOrEqual(most)
    await settles(d)
  }))

test.each<readonly [name: string, voice: DnsVoice, shown: string, cause: RegExp]>([
  ['SERVFAIL', () => [{ code: 2 }], 'stale', /SERVFAIL/],
  ['REFUSED', () => [{ code: 5 }], 'denied', /REFUSED/],
  ['an answer that cannot be read', () => [GARBAGE], 'stale', /no answer|malformed|cannot be read/],
])('a server that says %s: what was known is served beyond its time to live, also after a restart, and followed again', (_, voice, shown, cause) =>
  drill({ ...plan(those(ALL)), host: '127.0.0.1' }, async (d) => {
    await d.sees('web', 'live a,b,c')
    server.speak(voice)
    await d.sees('web', `${shown} a,b,c`, { cause, since: Date.now() })
    await d.serves('web', ALL)
    await d.restart()
    await d.sees('web', `${shown} a,b,c`, { cause })
    await d.serves('web', ALL)
    server.speak(those(['a', 'b'])(d))
    await d.sees('web', 'live a,b')
    await d.uses('web', ['a', 'b'])
  }))

/** These backends, each at an address of its own, to be forgotten after a second. */
function those(names: readonly string[]): (d: Pick<Drill, 'backend'>) => DnsVoice {
  return (d) => {
    const backends = names.map((name) => d.backend(name))
    const answers = backends.map(({ name, port }) => srvRecord('web.example', `${name}.example`, port))
    return () => [{ answers, additionals: backends.map(({ name, host }) => addressRecord(`${name}.example`, host)) }]
  }
}

test('a server whose answers by TCP are cut off takes nothing away, and one that answers late or slowly is waited for', () =>
  drill(plan((d) => () => [wave(d, 0)]), async (d) => {
    const shows = (mode: string, number: number): RegExp => new RegExp(`^${mode} (127\\.${1 + number}\\.\\d+\\.\\d+:\\d+,?){${CROWD}}$`)
    await knows(d, REF, CROWD)
    // At once, in its length, after it, after its head, and among its records.
    for (const [number, cut] of [0, 1, 2, 14, 9000].entries()) {
      server.goes({ cut })
      server.speak(() => [wave(d, number + 1)])
      await d.sees('web', shows('stale', number), { cause: /cut|closed|ended|short|TCP/i, since: Date.now() })
      await d.serves('web', ALL)
      server.goes({})
      await d.sees('web', shows('live', number + 1))
    }
    for (const [number, way] of ([{ late: 100 }, { trickle: 1000 }] as const).entries()) {
      server.goes(way)
      server.speak(() => [wave(d, 20 + number)])
      await d.sees('web', shows('live', 20 + number))
      await d.uses('web', ALL)
    }
  }))
