// From a registry's way to list its services to the Catalog that routes from tags follow. The same rules as for endpoints: whole
// lists, five outcomes, what could be an accident is held until confirmed, and trouble changes nothing.
import type { Catalog, CatalogService, CatalogSet, CatalogWatchOptions } from '../src/model/catalog.ts'
import type { Platform } from '../src/model/platform.ts'
import { answerOf, momentOf, pollAfter, sleepOrHint } from './asking.ts'
import { backoff } from './backoff.ts'
import { advanceCatalog, beginCatalog, servicesInUse, type CatalogProgress } from './catalog-progress.ts'
import { APPLY_GAP, latestOf } from './latest.ts'
import { createPace, type Pace } from './pace.ts'
import { nextQuestion } from './question.ts'
import type { Ask, DeniedPart, Trouble } from './reading.ts'

/** The answer to one question. Outcomes as in reading.ts; a registry always knows its own catalogue, so there is no `not-found`. */
export type CatalogReading =
  | {
      readonly kind: 'listed'
      readonly services: readonly CatalogService[]
      readonly token?: string
      readonly bytes?: number
      /** The registry says that it left services out for lack of rights. */
      readonly filtered?: boolean
      /** Rights are missing for a part: as for endpoints. */
      readonly denied?: DeniedPart
      /** The answer is from where nothing was asked before, or the registry was away: while that is so no loss is believed, however small, but of what it said to have left (references). */
      readonly unsure?: { readonly except: ReadonlySet<string> }
    }
  | { readonly kind: 'unchanged'; readonly token: string }
  | Trouble

/** One question about all services. */
export interface CatalogAsk extends Omit<Ask, 'ref' | 'known'> {
  /** What was listed last, from before a restart as well: as for endpoints. */
  readonly known: readonly CatalogService[]
}

/** How a registry lists its services. */
export interface CatalogSource {
  readonly registry: string
  /** Asks once. May throw: that counts as `failed`. */
  read(ask: CatalogAsk, signal: AbortSignal): Promise<CatalogReading>
  /** As for endpoints; `every` and `wait` are milliseconds. */
  readonly changes: { readonly kind: 'block'; readonly wait: number } | { readonly kind: 'poll'; readonly every: number; readonly hint?: (signal: AbortSignal) => Promise<void> }
  readonly allowEmpty: boolean
  readonly platform: Platform
  /** As `Catalog.nameOf`; default the name of a reference without options, and no other. */
  readonly nameOf?: Catalog['nameOf']
  /** As `Catalog.meant`; default none. */
  readonly meant?: Catalog['meant']
}

/** A source that keeps something for as long as a watch lasts. */
export interface WatchedCatalogSource extends Omit<CatalogSource, 'read' | 'changes'> {
  /** Called when a watch begins; the signal is aborted when it ends. */
  open(options: CatalogWatchOptions, signal: AbortSignal): Pick<CatalogSource, 'read' | 'changes'>
}

/** Makes a catalogue of a source. */
export function createCatalog(source: CatalogSource | WatchedCatalogSource): Catalog {
  const nameOf: Catalog['nameOf'] = source.nameOf ?? (({ name, options }) => (Object.keys(options).length === 0 ? name : undefined))
  return {
    nameOf,
    meant: source.meant ?? [],
    watch: (signal, options) => latestOf<CatalogSet>(source.platform, APPLY_GAP, signal, (own, put) => follow('open' in source ? { ...source, ...source.open(options, own) } : source, own, options, put)),
  }
}

async function follow(source: CatalogSource, signal: AbortSignal, options: CatalogWatchOptions, publish: (set: CatalogSet) => void): Promise<void> {
  const { platform } = source
  const pace = createPace()
  let progress = beginCatalog(options.last, momentOf(platform))
  while (!signal.aborted) {
    const wait = source.changes.kind === 'block' ? source.changes.wait : 0
    const question = nextQuestion(progress, wait, platform.now())
    const ask: CatalogAsk = { known: servicesInUse(progress), ...question.ask }
    const reading = await answerOf<CatalogReading>(platform, ask, signal, (own) => source.read(ask, own))
    if (signal.aborted) return
    const next = advanceCatalog(progress, question, reading, { wanted: options.wanted, allowEmpty: source.allowEmpty }, momentOf(platform))
    const changed = next.progress.set !== progress.set
    progress = next.progress
    options.observe?.(next.attempt)
    if (changed && progress.set !== undefined) publish(progress.set)
    await pause(source, progress, reading, pace, changed, signal)
  }
}

async function pause({ platform, changes }: CatalogSource, progress: CatalogProgress, reading: CatalogReading, pace: Pace, changed: boolean, signal: AbortSignal): Promise<void> {
  // Trouble may also be what a list says.
  if (progress.failures > 0) return platform.sleep(backoff(progress.failures, platform.random(), undefined, 'retryAfter' in reading ? reading.retryAfter : undefined), signal)
  const now = platform.now()
  if (changes.kind === 'block' && progress.token !== undefined) return platform.sleep(pace.next(now, changed, reading.kind === 'listed' ? (reading.bytes ?? 0) : 0), signal)
  const every = pollAfter(changes.kind === 'poll' ? changes.every : undefined, platform)
  const until = Math.max(0, Math.min(every, (progress.hold?.confirmAt ?? Infinity) - now))
  await sleepOrHint(platform, until, changes.kind === 'poll' ? changes.hint : undefined, signal)
}
