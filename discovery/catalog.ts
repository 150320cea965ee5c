// From a registry's way to list its services to the Catalog that routes from tags follow. The same rules as for endpoints: whole
// lists, five outcomes, what could be an accident is held until confirmed, and trouble changes nothing.
import type { Catalog, CatalogService, CatalogSet, CatalogWatchOptions } from '../src/model/catalog.ts'
import type { Platform } from '../src/model/platform.ts'
import { printable } from './admit.ts'
import { backoff } from './backoff.ts'
import { advanceCatalog, beginCatalog, catalogQuestion, type CatalogProgress } from './catalog-progress.ts'
import { inTime, withDeadline } from './deadline.ts'
import { createLatest } from './latest.ts'
import { createPace, type Pace } from './pace.ts'
import type { Ask } from './reading.ts'

/** The answer to one question. Outcomes as in reading.ts; a registry always knows its own catalogue, so there is no `not-found`. */
export type CatalogReading =
  | {
      readonly kind: 'listed'
      readonly services: readonly CatalogService[]
      readonly token?: string
      readonly bytes?: number
      /** The registry says that it left services out for lack of rights. */
      readonly filtered?: boolean
    }
  | { readonly kind: 'unchanged'; readonly token: string }
  | { readonly kind: 'denied' | 'failed'; readonly message: string; readonly retryAfter?: number }

/** How a registry lists its services. */
export interface CatalogSource {
  readonly registry: string
  /** Asks once. May throw: that counts as `failed`. */
  read(ask: Omit<Ask, 'ref'>, signal: AbortSignal): Promise<CatalogReading>
  /** As for endpoints; `every` and `wait` are milliseconds. */
  readonly changes: { readonly kind: 'block'; readonly wait: number } | { readonly kind: 'poll'; readonly every: number; readonly hint?: (signal: AbortSignal) => Promise<void> }
  readonly allowEmpty: boolean
  readonly platform: Platform
}

/** Least time between two lists, milliseconds. */
const APPLY_GAP = 250
const QUESTION_DEADLINE = 10_000
const SLACK = 5000
/** Between two questions to a registry that should block and gives no version, milliseconds. */
const POLL_INSTEAD = 10_000
const DEBOUNCE = 100

/** Makes a catalogue of a source. */
export function createCatalog(source: CatalogSource): Catalog {
  return {
    async *watch(signal, options) {
      if (signal.aborted) return
      const own = new AbortController()
      const abort = (): void => own.abort(signal.reason)
      signal.addEventListener('abort', abort)
      const latest = createLatest<CatalogSet>(source.platform, APPLY_GAP)
      const work = follow(source, own.signal, options, (set) => latest.put(set)).finally(() => latest.end())
      try {
        yield* latest.values(own.signal)
      } finally {
        signal.removeEventListener('abort', abort)
        own.abort()
        await work
      }
    },
  }
}

async function follow(source: CatalogSource, signal: AbortSignal, options: CatalogWatchOptions, publish: (set: CatalogSet) => void): Promise<void> {
  const { platform } = source
  const pace = createPace()
  let progress = beginCatalog(options.last, platform)
  while (!signal.aborted) {
    const wait = source.changes.kind === 'block' ? source.changes.wait : 0
    const question = catalogQuestion(progress, wait, platform.now())
    const reading = await readOnce(source, question.ask, signal)
    if (signal.aborted) return
    const next = advanceCatalog(progress, question, reading, { wanted: options.wanted, allowEmpty: source.allowEmpty, platform })
    const changed = next.progress.set !== progress.set
    progress = next.progress
    options.observe?.(next.attempt)
    if (changed && progress.set !== undefined) publish(progress.set)
    await pause(source, progress, reading, pace, changed, signal)
  }
}

async function readOnce(source: CatalogSource, ask: Omit<Ask, 'ref'>, signal: AbortSignal): Promise<CatalogReading> {
  const deadline = ask.purpose === 'follow' ? ask.wait * (17 / 16) + SLACK : QUESTION_DEADLINE
  try {
    return await withDeadline(source.platform, deadline, signal, async (own) => inTime(await source.read(ask, own), own), ({ message }): CatalogReading => ({ kind: 'failed', message }))
  } catch (error) {
    return { kind: 'failed', message: printable(error instanceof Error ? error.message : String(error)) }
  }
}

async function pause({ platform, changes }: CatalogSource, progress: CatalogProgress, reading: CatalogReading, pace: Pace, changed: boolean, signal: AbortSignal): Promise<void> {
  if (reading.kind === 'failed' || reading.kind === 'denied') return platform.sleep(backoff(progress.failures, platform.random(), undefined, reading.retryAfter), signal)
  const now = platform.now()
  if (changes.kind === 'block' && progress.token !== undefined) return platform.sleep(pace.next(now, changed, reading.kind === 'listed' ? (reading.bytes ?? 0) : 0), signal)
  const every = (changes.kind === 'poll' ? changes.every : POLL_INSTEAD) * (0.9 + 0.2 * platform.random())
  const until = Math.max(0, Math.min(every, (progress.hold?.confirmAt ?? Infinity) - now))
  const hint = changes.kind === 'poll' ? changes.hint : undefined
  if (hint === undefined) return platform.sleep(until, signal)
  // A feed of hints that fails is no hint; the poll goes on without it.
  const hinted = async (own: AbortSignal): Promise<boolean> => hint(own).then(() => true, () => new Promise<boolean>(() => {}))
  if (await withDeadline(platform, until, signal, hinted, () => false)) await platform.sleep(DEBOUNCE, signal)
}
