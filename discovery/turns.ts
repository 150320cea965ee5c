// The turns of questions to one registry. Who waits for one is told when the registry has fallen silent: with thousands of services
// behind eight questions that all run into their deadline, most would be called live for minutes.
import type { Platform } from '../src/model/platform.ts'
import { Late, withDeadline } from './deadline.ts'
import { createSlots } from './slots.ts'

/** Questions to one registry at once, blocking queries not counted. */
const QUESTIONS = 8
/** Who waits so long while no question at all is answered waits in vain, milliseconds. A registry that is only slow answers some. */
const PATIENCE = 10_000

/** Turns that are taken and given back. */
export interface Turns {
  /** Waits for a turn, first come first served. `silent`: the registry has answered nobody for as long as one may wait. `stopped`: the signal was aborted. */
  take(signal: AbortSignal): Promise<'taken' | 'silent' | 'stopped'>
  give(): void
  /** The registry has answered something. */
  answered(): void
}

/** Makes the turns of one registry. */
export function createTurns(platform: Platform): Turns {
  const slots = createSlots(QUESTIONS)
  let answered = -Infinity
  return {
    async take(signal) {
      if (slots.tryTake()) return 'taken'
      const own = new AbortController()
      const taken = slots.take(own.signal)
      for (let since = platform.now(); ; since = platform.now()) {
        const got = await withDeadline(platform, PATIENCE, signal, () => taken, () => undefined)
        if (got === undefined && !signal.aborted && answered >= since) continue
        own.abort()
        // It may have come in this very moment.
        if (!(await taken)) return signal.aborted ? 'stopped' : 'silent'
        if (!signal.aborted) return 'taken'
        slots.give()
        return 'stopped'
      }
    },
    give: () => slots.give(),
    answered: () => void (answered = platform.now()),
  }
}

/** What is said of a service whose turn does not come: the same as of those whose questions are late, since it is as true of them and changes with each turn who is who. */
export const SILENT = new Late(PATIENCE).message
