// What is asked of one Marathon for all that is watched there: one event stream, each app that may have changed by itself, and
// the whole list where they are many.
import type { Platform } from '../../src/model/platform.ts'
import type { Answer, MarathonClient } from './client.ts'
import { followEvents } from './events.ts'
import { recordOf } from '../json.ts'
import { createLists, gapAfter, type Kind, type Lists } from './lists.ts'

/** Beyond so many that may have changed the whole list is asked for. */
const FEW = 10
/** Least time between two questions for one app that events ask for, milliseconds. */
const GAP = 250
/** Everything is looked at again so often: while events are heard, and while not. Milliseconds. */
const RELIST = 60_000
const RELIST_DEAF = 10_000
/** The definitions of all apps, without their tasks. */
const DEFINITIONS = '/v2/apps?embed=apps.counts'

/** One watched app or pod, or the list of all apps. */
export interface Watched {
  /** Resolves when it may have changed, at once when that was since it was last asked for. */
  hint(signal: AbortSignal): Promise<void>
  /** Its newest state: JSON of the app, the pod's status, or the list. `unheard`: no event asked for it, though events are heard. Never rejects. */
  read(confirm: boolean, signal: AbortSignal): Promise<{ readonly answer: Answer; readonly unheard: boolean }>
}

/** Asks on behalf of everybody who watches. */
export interface Feed {
  /** Watches an id until the signal is aborted. While anybody does, the event stream is open. */
  watch(kind: Kind, id: string, signal: AbortSignal): Watched
  /** Watches which apps there are and how they are defined, on the same stream. What happens to tasks only is no hint. */
  watchDefinitions(signal: AbortSignal): Watched
  /** Asks for one app now, for somebody who does not watch it. Never rejects. */
  app(id: string, signal: AbortSignal): Promise<Answer>
}

interface Entry {
  readonly kind: Kind | 'definitions'
  readonly id: string
  /** It may have changed since it was last asked for. */
  dirty: boolean
  /** When it was marked last, in the order of everything that happens here: a clock is too coarse for that. */
  mark: number
  /** Marked only because it was time, while events are heard. */
  unheard: boolean
  askedAt: number
  /** Least time between two questions that events ask for, milliseconds. */
  gap: number
  wake: () => void
}

/** Makes a feed that asks nothing until somebody watches. */
export function createFeed(registry: string, client: MarathonClient, platform: Platform): Feed {
  const feed = new Asking(registry, client, platform)
  return {
    watch: (kind, id, signal) => feed.watch(kind, id, signal),
    watchDefinitions: (signal) => feed.watch('definitions', '', signal),
    app: (id, signal) => feed.app(id, false, signal),
  }
}

class Asking {
  readonly #registry: string
  readonly #client: MarathonClient
  readonly #platform: Platform
  readonly #lists: Lists
  readonly #entries = new Set<Entry>()
  #order = 0
  #live = false
  #life = AbortSignal.abort()
  #end = (): void => {}

  constructor(registry: string, client: MarathonClient, platform: Platform) {
    this.#registry = registry
    this.#client = client
    this.#platform = platform
    this.#lists = createLists(client, platform, () => ++this.#order)
  }

  watch(kind: Entry['kind'], id: string, signal: AbortSignal): Watched {
    const entry: Entry = { kind, id, dirty: true, mark: ++this.#order, unheard: false, askedAt: -Infinity, gap: GAP, wake: () => {} }
    this.#entries.add(entry)
    signal.addEventListener('abort', () => this.#leave(entry), { once: true })
    if (this.#life.aborted) this.#begin()
    return {
      hint: (own) => this.#hint(entry, own),
      read: async (confirm, own) => {
        const { unheard } = entry
        entry.unheard = false
        return { answer: await this.#read(entry, confirm, own), unheard }
      },
    }
  }

  #begin(): void {
    const life = new AbortController()
    this.#life = life.signal
    this.#end = () => life.abort()
    const onTurn = (live: boolean): void => {
      this.#live = live
      // Events before this moment were not heard.
      if (live) this.#mark()
    }
    void followEvents(this.#registry, this.#client, this.#platform, { onTurn, onChange: (ids, defined) => this.#mark(ids, defined) }, life.signal)
    void this.#relist(life.signal)
  }

  #leave(entry: Entry): void {
    this.#entries.delete(entry)
    if (this.#entries.size > 0) return
    this.#end()
    this.#live = false
    this.#lists.clear()
  }

  async #relist(signal: AbortSignal): Promise<void> {
    let last = this.#platform.now()
    for (;;) {
      await this.#platform.sleep((0.9 + 0.2 * this.#platform.random()) * RELIST_DEAF, signal)
      if (signal.aborted) return
      const due = last + (this.#live ? RELIST - RELIST_DEAF / 2 : 0)
      if (this.#platform.now() < due) continue
      last = this.#platform.now()
      for (const entry of this.#entries) this.#markOne(entry, this.#live && !entry.dirty)
    }
  }

  #mark(ids?: readonly string[], defined = true): void {
    const touched = ids === undefined ? undefined : new Set(ids)
    for (const entry of this.#entries) if (entry.kind === 'definitions' ? defined : (touched?.has(entry.id) ?? true)) this.#markOne(entry)
  }

  #markOne(entry: Entry, unheard = false): void {
    entry.mark = ++this.#order
    entry.dirty = true
    entry.unheard = unheard
    entry.wake()
  }

  async #hint(entry: Entry, signal: AbortSignal): Promise<void> {
    if (!entry.dirty) {
      await new Promise<void>((resolve) => {
        entry.wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    const early = entry.askedAt + entry.gap - this.#platform.now()
    if (early > 0) await this.#platform.sleep(early, signal)
  }

  async #read(entry: Entry, confirm: boolean, signal: AbortSignal): Promise<Answer> {
    // Asked for without a hint: a list from before is no answer.
    if (!entry.dirty) this.#markOne(entry)
    const { mark } = entry
    const listed = confirm || entry.kind === 'definitions' ? undefined : await this.#fromList(entry.kind, entry)
    if (signal.aborted) return { kind: 'failed', message: 'stopped' }
    entry.askedAt = this.#platform.now()
    // What was marked since is not in the list, and stays to be asked for.
    if (listed === undefined || entry.mark === mark) entry.dirty = false
    return listed ?? this.#one(entry, confirm, signal)
  }

  /** The entry as the whole list has it; undefined where it is to be asked for alone. */
  async #fromList(kind: Kind, { id, mark }: Entry): Promise<Answer | undefined> {
    const crowd = new Set([...this.#entries].filter((each) => each.kind === kind && each.dirty).map((each) => each.id))
    const newest = this.#lists.after(kind, mark)
    if (newest === undefined && crowd.size <= FEW) return undefined
    const wanted = new Set([...this.#entries].map((each) => each.id))
    const entries = await (newest ?? this.#lists.begin(kind, (each) => wanted.has(each), this.#life))?.entries
    if (entries === undefined || ('kind' in entries && entries.kind === 'too-long')) return undefined
    // One that is not in the list is asked for by itself: it may be gone, or hidden for lack of rights.
    return 'kind' in entries ? entries : entries.get(id)
  }

  async #one(entry: Entry, confirm: boolean, signal: AbortSignal): Promise<Answer> {
    if (entry.kind === 'app') return this.app(entry.id, confirm, signal)
    if (entry.kind === 'pod') return this.#client.get(`/v2/pods${pathOf(entry.id)}::status`, confirm, signal)
    const answer = await this.#client.get(DEFINITIONS, confirm, signal)
    if (answer.kind === 'got') entry.gap = gapAfter(answer.bytes)
    return answer
  }

  async app(id: string, confirm: boolean, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#client.get(`/v2/apps${pathOf(id)}?embed=app.tasks&embed=app.readiness&embed=app.counts`, confirm, signal)
    return answer.kind === 'got' ? { ...answer, value: recordOf(answer.value)?.['app'] } : answer
  }
}

/** Segment by segment: an id is a path. */
function pathOf(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/')
}
