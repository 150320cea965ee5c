// A blocking query that is given up when an event stream begins or ends. Nomad ends a stream at once when the right to hear it ends, but
// answers a query that waits with the rights it began with, at the end of its wait.
import { lifeWithin } from '../../src/model/life.ts'
import type { EventStream } from './events.ts'

/** What interrupts the queries of one watch. */
export interface Interrupts {
  /** Begins to listen; after the first list, since a registry that does not answer is not asked for a stream beside it. */
  listen(): void
  /** Whether a stream is missing, so that nothing would interrupt. */
  deaf(): boolean
  /** A list is about to be asked for: what happened until now is in it. */
  answered(): void
  /** What `run` gives. Undefined, with its signal aborted, when a stream began or ended meanwhile, or since the last list was asked for. */
  until<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>
}

/** Listens to these streams until `life` is aborted. */
export function createInterrupts(open: () => readonly EventStream[], life: AbortSignal): Interrupts {
  let streams: readonly EventStream[] = []
  let turned = false
  let stop = (): void => {}
  const onTurn = (): void => {
    turned = true
    stop()
  }
  return {
    listen() {
      if (streams.length > 0 || life.aborted) return
      streams = open()
      // Which service an event is about does not matter: the query wakes for any.
      for (const stream of streams) stream.join({ service: '', onEvent: () => {}, onTurn }, life)
    },
    deaf: () => streams.length === 0 || streams.some((stream) => !stream.live()),
    answered: () => void (turned = false),
    async until(signal, run) {
      const query = lifeWithin(signal)
      stop = () => query.end()
      const got = turned ? undefined : await run(query.signal)
      query.end()
      return turned ? undefined : got
    },
  }
}
