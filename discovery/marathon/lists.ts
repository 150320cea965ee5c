// Whole lists of apps and pods, shared by everybody who wants one of them at the same time, and no faster than their size allows.
import type { Platform } from '../../src/model/platform.ts'
import { withDeadline } from '../deadline.ts'
import type { Answer, MarathonClient } from './client.ts'
import { recordOf, recordsOf, textOf } from '../json.ts'

/** Between two lists: at least, for each MiB of the last one, and at most, milliseconds. */
const GAP = 250
const GAP_PER_MIB = 500
const GAP_MOST = 4000
/** A list that is too long is not asked for again before, milliseconds. */
const BAR = 600_000
const DEADLINE = 9000

/** Least time between two lists, by the size of the last one, milliseconds. */
export function gapAfter(bytes: number): number {
  return Math.min(GAP_MOST, Math.max(GAP, (bytes / 2 ** 20) * GAP_PER_MIB))
}

/** Apps and pods have ids in one tree, and answers of their own. */
export type Kind = 'app' | 'pod'

const PATHS: Readonly<Record<Kind, string>> = { app: '/v2/apps?embed=apps.tasks&embed=apps.readiness&embed=apps.counts', pod: '/v2/pods/::status' }

/** A list that was asked for, or will be in a moment. */
interface List {
  /** When it was asked for, in the order of everything that happened; infinite until then. */
  readonly order: number
  /** Those that were looked for, by id; or why there is none. */
  readonly entries: Promise<ReadonlyMap<string, Answer> | Answer>
}

/** The newest list of each kind. */
export interface Lists {
  /** The newest list, if it was asked for after `mark`, or will be. */
  after(kind: Kind, mark: number): List | undefined
  /** Asks for a new one, keeping only what `wants`. Undefined where it would be too long. */
  begin(kind: Kind, wants: (id: string) => boolean, signal: AbortSignal): List | undefined
  /** Lets go of all. */
  clear(): void
}

/** Makes lists; `next` numbers everything that happens. */
export function createLists(client: MarathonClient, platform: Platform, next: () => number): Lists {
  const newest = new Map<Kind, { order: number; entries: List['entries'] }>()
  const freeAt = new Map<Kind, number>()
  const barredUntil = new Map<Kind, number>()

  async function read(kind: Kind, wants: (id: string) => boolean, onAsked: () => void, signal: AbortSignal): Promise<ReadonlyMap<string, Answer> | Answer> {
    const early = (freeAt.get(kind) ?? 0) - platform.now()
    if (early > 0) await platform.sleep(early, signal)
    onAsked()
    const answer = await withDeadline(platform, DEADLINE, signal, (own) => client.get(PATHS[kind], false, own), ({ message }): Answer => ({ kind: 'failed', message }))
    const bytes = answer.kind === 'got' ? answer.bytes : 0
    freeAt.set(kind, platform.now() + gapAfter(bytes))
    if (answer.kind === 'too-long') barredUntil.set(kind, platform.now() + BAR)
    return answer.kind === 'got' ? pickOut(answer, kind, wants) : answer
  }
  return {
    after(kind, mark) {
      const list = newest.get(kind)
      return list !== undefined && list.order > mark ? list : undefined
    },
    begin(kind, wants, signal) {
      if ((barredUntil.get(kind) ?? 0) > platform.now()) return undefined
      const list: { order: number; entries: List['entries'] } = { order: Infinity, entries: Promise.resolve(new Map()) }
      list.entries = read(kind, wants, () => void (list.order = next()), signal)
      newest.set(kind, list)
      return list
    },
    clear: () => newest.clear(),
  }
}

function pickOut(answer: Extract<Answer, { kind: 'got' }>, kind: Kind, wants: (id: string) => boolean): ReadonlyMap<string, Answer> | Answer {
  const list = kind === 'app' ? recordOf(answer.value)?.['apps'] : answer.value
  if (!Array.isArray(list)) return { kind: 'failed', message: `${answer.place}: the answer is no list of ${kind}s; is this a Marathon?` }
  const found = new Map<string, Answer>()
  for (const value of recordsOf(list)) {
    const id = textOf(value['id'])
    if (id !== undefined && wants(id)) found.set(id, { ...answer, value })
  }
  return found
}
