// Waiting in drills: for something to hold, never for time to pass.
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../within.ts'

/** Longer than anything that is waited for takes on a slow machine, milliseconds. */
const WITHIN = 30_000
/** How much longer than all of it one look may take, so that the end of a wait within it is said first, milliseconds. */
const LOOK = 5000

/**
 * Waits until `holds` gives neither false nor undefined, and gives what it gave. What it throws counts as not yet. Fails after
 * 30 s with `what`, and with what was seen last.
 */
export async function until<T>(what: string, holds: () => Promise<T | false | undefined> | T | false | undefined, seen: () => unknown = () => ''): Promise<T> {
  const end = performance.now() + WITHIN
  for (;;) {
    let thrown: unknown
    try {
      const value = await within(end + LOOK - performance.now(), holds(), () => 'no answer to the last look')
      if (value !== false && value !== undefined) return value
    } catch (error) {
      thrown = error
    }
    if (performance.now() > end) throw new Error(`it never came to this: ${what}; last seen: ${String(await within(LOOK, seen(), () => ''))}`, thrown === undefined ? {} : { cause: thrown })
    await sleep(10)
  }
}
