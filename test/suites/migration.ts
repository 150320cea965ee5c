// What every move of a service between two registries must stand under load: no request is lost on the way, forth or back, whatever
// happens to either registry meanwhile.
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import type { Backend } from '../support/drill/backend.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'

/** How many times faster registries' time runs. */
export const SPEED = 5

const OLD = ['a', 'b', 'c']
// An odd number: two clients in step would meet the same half of an even one at each turn of a round robin.
const NEW = ['x', 'y', 'z']

/** A registry that a service moves from or to. */
export interface Side {
  readonly ref: string
  /** `registries` entry, by the address of its fault proxy. */
  readonly options: (address: string) => object
  /** Address of its server; empty for one without. */
  readonly address: () => string
  /** Lists exactly these. */
  list(backends: readonly Backend[]): Promise<void>
  /** Takes the server away; undefined where there is none. */
  readonly fail?: (d: Drill) => unknown
}

/** A registry of files in this directory, as the old one. */
export function files(directory: () => string): Side {
  return {
    ref: 'old/words',
    options: () => ({ type: 'file', path: directory() }),
    address: () => '',
    async list(backends) {
      const text = backends.map(({ host, port }) => `${host} ${port}\n`).join('')
      await writeFile(join(directory(), '.next'), text === '' ? '# empty\n' : text)
      await rename(join(directory(), '.next'), join(directory(), 'words'))
    },
  }
}

/** `words` at both, the old one first and alone in having backends. */
function plan(from: Side, to: Side, more: Partial<DrillPlan['services'][string]> = {}): DrillPlan {
  const upstreams = Object.fromEntries(Object.entries({ old: from.address(), new: to.address() }).filter(([, address]) => address !== ''))
  return {
    speed: SPEED,
    upstreams,
    registries: (addresses) => ({ old: from.options(addresses['old'] ?? ''), new: to.options(addresses['new'] ?? '') }),
    services: { words: { from: [from.ref, to.ref], backends: [...OLD, ...NEW], ...more } },
    before: async (backend) => {
      await from.list(OLD.map(backend))
      await to.list([])
    },
  }
}

const all = (d: Pick<Drill, 'backend'>, names: readonly string[]): Backend[] => names.map((name) => d.backend(name))

/** Every old backend is taken out of the old registry and stopped, one after another. */
async function retire(d: Drill, from: Side): Promise<void> {
  for (const [i, name] of OLD.entries()) {
    await from.list(all(d, OLD.slice(i + 1)))
    // Nobody is stopped before the gateway knows that it leaves.
    await d.until(`${name} is out`, async () => (await d.next('words')).every(({ by }) => by !== name))
    await d.backend(name).stop()
  }
}

/** What every move between two registries must stand. */
export function moves(from: () => Side, to: () => Side): void {
  test('with the new registry in reserve, then first, then alone', () =>
    drill(plan(from(), to()), async (d) => {
      await d.sees('words', 'live a,b,c')
      await to().list(all(d, NEW))
      await d.sees('words', 'live a,b,c,x(reserve),y(reserve),z(reserve)')
      await d.serves('words', OLD)
      await d.reroute({ words: { from: [to().ref, from().ref] } })
      await d.sees('words', 'live a(reserve),b(reserve),c(reserve),x,y,z')
      await d.serves('words', NEW)
      // Back, and forth again: a way back is what makes a migration safe.
      await d.reroute({ words: { from: [from().ref, to().ref] } })
      await d.serves('words', OLD)
      await d.reroute({ words: { from: [to().ref, from().ref] } })
      await retire(d, from())
      await d.serves('words', NEW)
      await d.reroute({ words: { from: to().ref } })
      await d.serves('words', NEW)
      await d.sees('words', 'live x,y,z')
    }))

  test('by shares, with the other registry behind each', () =>
    drill({ ...plan(from(), to()), services: { ...plan(from(), to()).services, next: { from: [to().ref, from().ref], backends: [...OLD, ...NEW] } } }, async (d) => {
      await d.sees('words', 'live a,b,c')
      const split = (share: number): Promise<void> => d.reroute({ words: { to: [{ service: 'words', weight: 100 - share }, { service: 'next', weight: share }] } })
      // The new registry has nobody yet: its share falls back to the old one.
      await split(50)
      await d.uses('words', OLD)
      await to().list(all(d, NEW))
      await d.uses('words', [...OLD, ...NEW])
      await split(100)
      await d.uses('words', NEW)
      await retire(d, from())
      await d.serves('words', NEW)
    }))

  test('merged, one backend after another', () =>
    drill(plan(from(), to(), { merge: true }), async (d) => {
      await d.sees('words', 'live a,b,c')
      await to().list(all(d, NEW))
      await d.uses('words', [...OLD, ...NEW])
      await retire(d, from())
      await d.uses('words', NEW)
      await d.reroute({ words: { from: to().ref, merge: false } })
      await d.serves('words', NEW)
    }))

  test.each([false, true])('of the same backends: they are listed by both for a while, then by the new one alone (merge: %s)', (merge) =>
    drill(plan(from(), to(), { merge }), async (d) => {
      await d.sees('words', 'live a,b,c')
      await to().list(all(d, OLD))
      await d.until('both list them', async () => (await d.watch(to().ref)).endpoints === OLD.length)
      await d.serves('words', OLD)
      await from().list([])
      await d.until('only the new one does', async () => (await d.watch(from().ref)).mode !== 'live' || (await d.watch(from().ref)).endpoints === 0)
      await d.serves('words', OLD)
    }))

  test('while the new registry hangs: what it listed serves on, and the old one stands behind it', () =>
    drill(plan(from(), to()), async (d) => {
      await to().list(all(d, NEW))
      await d.sees('words', 'live a,b,c,x(reserve),y(reserve),z(reserve)')
      await d.reroute({ words: { from: [to().ref, from().ref] } })
      await d.serves('words', NEW)
      await to().fail?.(d)
      await d.sees('words', 'stale a(reserve),b(reserve),c(reserve),x,y,z')
      await d.serves('words', NEW)
      for (const name of NEW) await d.backend(name).kill()
      await d.uses('words', OLD)
      for (const name of NEW) await d.backend(name).start()
      await d.uses('words', NEW)
    }))
}
