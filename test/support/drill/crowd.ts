// Instances that come and go: one all the time, or a thousand at once, all of which answer although only a few backends run.
import { within } from '../within.ts'
import type { Drill } from './plan.ts'

/** One instance, as any registry's client takes it. */
export interface Member {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** How many register or leave at the same time. */
export const AT_ONCE = 8

/**
 * So many instances, each with an address of its own in 127.WAVE.0.0/16. Every address of 127.0.0.0/8 leads to this machine (on Linux), so
 * backends that listen on 0.0.0.0 answer for all of them, and a request fails whichever is picked wrongly.
 */
export function crowd(d: Pick<Drill, 'backend'>, backends: readonly string[], wave: number, count: number): readonly Member[] {
  const ports = backends.map((name) => d.backend(name).port)
  return Array.from({ length: count }, (_, index) => ({ name: `${wave}-${index}`, host: `127.${wave}.${index >> 8}.${index & 255}`, port: ports[index % ports.length] ?? 0 }))
}

/** Does this for each, a few at a time. */
export async function forEach<T>(all: readonly T[], act: (one: T, index: number) => Promise<void>): Promise<void> {
  const rest = all.entries()
  const work = async (): Promise<void> => {
    for (const [index, one] of rest) await act(one, index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Waits until so many instances of a reference are known, and nothing is in doubt. */
export async function knows(d: Drill, ref: string, count: number): Promise<void> {
  const holds = async (): Promise<boolean> => {
    const { mode, endpoints } = await d.watch(ref)
    return mode === 'live' && endpoints === count
  }
  await d.until(`${count} instances of ${ref} are known`, holds, async () => JSON.stringify(await d.watch(ref)))
}

/** Waits until a service has exactly these instances, and nothing is in doubt. */
export async function has(d: Drill, service: string, members: readonly Member[]): Promise<void> {
  const wanted = new Set(members.map(({ host, port }) => `${host}:${port}`))
  let shown: readonly string[] = []
  const holds = async (): Promise<boolean> => {
    shown = (await d.sees(service, /^live /)).text.slice('live '.length).split(',')
    return shown.length === wanted.size && shown.every((address) => wanted.has(address))
  }
  await d.until(`${service} has ${wanted.size} instances and no other`, holds, () => `${shown.length}, of which ${shown.filter((address) => !wanted.has(address)).length} are none of them`)
}

/** Longest time of what is watched while it runs, milliseconds. */
const WHILE = 110_000

/** How many instances of a reference were known, at each look while `act` ran; the service is asked between two looks. */
export async function countsWhile(d: Drill, service: string, ref: string, act: () => Promise<void>): Promise<readonly number[]> {
  const counts: number[] = []
  const acting = within(WHILE, act(), () => `what was watched did not end within ${WHILE / 1000} s`).then(() => 'done')
  do counts.push((await d.watch(ref)).endpoints)
  while ((await Promise.race([acting, d.next(service, 1)])) !== 'done')
  return counts
}

/** Least time between two sets of one reference that are put in force, milliseconds of a drill at speed 1. */
const APPLY_GAP = 250

/** How often the set of a reference was put in force while `act` ran, and how often that may have been, however often the registry changed. */
export async function changesWhile(d: Drill, ref: string, act: () => Promise<void>, speed = 1): Promise<{ readonly changes: number; readonly most: number }> {
  const began = performance.now()
  const before = (await d.watch(ref)).changes
  await act()
  const changes = (await d.watch(ref)).changes - before
  return { changes, most: Math.floor(((performance.now() - began) * speed) / APPLY_GAP) + 1 }
}

/** An instance leaves and comes back, 25 times by default, while the service is asked: no registry may keep step, and the instance serves all the time. */
export async function flaps(d: Drill, service: string, leaves: () => Promise<unknown>, returns: () => Promise<unknown>, times = 25): Promise<void> {
  for (let flap = 0; flap < times; flap++) {
    await leaves()
    await d.next(service, 8)
    await returns()
    await d.next(service, 8)
  }
}
