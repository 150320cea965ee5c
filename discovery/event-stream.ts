// A registry's stream of events, kept open: opened anew with backoff when it ends or is silent, and told of in the log when that
// begins and when it is over.
import { lifeWithin } from '../src/model/life.ts'
import type { Platform } from '../src/model/platform.ts'
import { backoff } from './backoff.ts'
import { withDeadline } from './deadline.ts'
import { readLineBatches } from './lines.ts'
import { saidBy } from './text.ts'

/** A stream that lasted so long was a good one: the next failure is the first again, milliseconds. */
const STEADY = 120_000

/** One stream, as its adapter knows it. */
export interface StreamSource {
  readonly registry: string
  /** What stands beside the registry in lines of the log. */
  readonly fields?: Readonly<Record<string, string | undefined>>
  /** How long nothing may come, milliseconds: no head of the answer, no line before the stream is alive, and no line from then on. */
  readonly patience: { readonly head: number; readonly first: number; readonly line: number }
  /** Characters of one line at most. */
  readonly maxLine: number
  /** For people: who ended a stream that was closed, and what is done without one. */
  readonly words: { readonly closed: string; readonly meanwhile: string }
  /** Opens a stream that lasts until the signal is aborted. Rejects with an error whose message says what failed. */
  open(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Makes the reader of one stream's lines. It calls `alive` at each that shows that events are heard; what it returns ends the stream, and says why. */
  begin(): (line: string, alive: () => void) => string | undefined
  /** The stream is there (again), or is gone: whatever happened meanwhile was not heard. */
  onTurn(live: boolean): void
}

/** What keeps a stream open until the signal is aborted; `onTurn` is not called from then on. Never rejects. */
export function createStreamKeeper(source: StreamSource, platform: Platform): (signal: AbortSignal) => Promise<void> {
  const { registry, fields } = source
  let told = true
  // One line when the mood changes: a stream that ends again and again says so once.
  const report = (good: boolean, text: string): void => {
    if (told !== good) platform.log(good ? 'info' : 'warn', `registry ${registry}: the event stream ${text}`, { registry, ...fields })
    told = good
  }
  return async (signal) => {
    for (let failures = 1; !signal.aborted; failures++) {
      const began = platform.now()
      let live = false
      const reason = await readStream(source, platform, signal, () => {
        if (live || signal.aborted) return
        live = true
        source.onTurn(true)
        report(true, 'is there')
      })
      if (signal.aborted) return
      if (live) source.onTurn(false)
      report(false, `ended: ${reason}; ${source.words.meanwhile}`)
      if (platform.now() - began >= STEADY) failures = 1
      await platform.sleep(backoff(failures, platform.random()), signal)
    }
  }
}

/** Reads one stream to its end, and says why it ended. */
async function readStream(source: StreamSource, platform: Platform, signal: AbortSignal, onAlive: () => void): Promise<string> {
  const { patience, maxLine, words } = source
  const life = lifeWithin(signal)
  let wait = patience.first
  const alive = (): void => {
    wait = patience.line
    onAlive()
  }
  try {
    const body = await withDeadline(platform, patience.head, signal, () => source.open(life.signal), thrown)
    const lines = readLineBatches(body, maxLine)
    const read = source.begin()
    for (;;) {
      const arrived = await withDeadline(platform, wait, signal, () => lines.next(), () => undefined)
      if (arrived === undefined) return `no sign of life within ${wait / 1000} s`
      if (arrived.done === true) return words.closed
      for (const line of arrived.value) {
        const trouble = read(line, alive)
        if (trouble !== undefined) return trouble
      }
    }
  } catch (error) {
    return saidBy(error)
  } finally {
    life.end()
  }
}

function thrown(reason: Error): never {
  throw reason
}
