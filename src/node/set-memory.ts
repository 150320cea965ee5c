// Last good endpoint sets in a JSON file of the state directory, so that a gateway that starts while every registry is down
// still serves.
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { RememberedSet, SetMemory } from '../../discovery/memory.ts'
import { codeOf } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import { createWake } from '../store/wake.ts'

/** Least time between two writes, milliseconds: endpoints may change several times a second. */
const WRITE_EVERY = 5000
/** A write is followed by so many times its own length of rest: fifty thousand endpoints take a quarter of a second, and requests would notice that each five seconds. */
const REST_TIMES = 100
/** But no more than this, milliseconds. */
const LONGEST_REST = 60_000
/** Written anew after so long without a change, milliseconds: the times of confirmation move on, and after a crash a set should not look as old as its last change. */
const REFRESH = 300_000
/** Sets in the file; the ones confirmed longest ago go first. */
const MAX_SETS = 10_000
/** Written at once; what is in between goes on. About half a millisecond's work. */
const PIECE = 64 * 1024

const endpoint = z.object({
  id: z.string(),
  host: z.string(),
  port: z.int().min(1).max(65_535),
  weight: z.number().min(0).max(65_535),
  priority: z.int().min(1).max(65_535).exactOptional(),
  zone: z.string().exactOptional(),
  tags: z.array(z.string()),
  meta: z.record(z.string(), z.string()),
  cut: z.array(z.string()).exactOptional(),
  health: z.enum(['passing', 'warning', 'critical', 'maintenance', 'unknown']),
  draining: z.boolean(),
  origin: z.string(),
  learnedAt: z.number(),
})
const remembered = z.object({ at: z.number(), endpoints: z.array(endpoint) })
const document = z.object({ version: z.literal(1), sets: z.record(z.string(), z.unknown()) })

/**
 * Keeps sets in `endpoints.json` of the directory, which is made when it is missing. Trouble with the disk is logged, no more.
 * @param maxAge sets that were confirmed longer ago are not loaded, milliseconds, default no limit
 */
export function createSetMemory(directory: string, platform: Platform, maxAge: number = Infinity): SetMemory {
  const path = join(directory, 'endpoints.json')
  const sets = new Map<string, RememberedSet>()
  let rest = new AbortController()
  /** Rung by each change. */
  const wake = createWake(platform)
  let writing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    try {
      await mkdir(directory, { recursive: true })
      const next = `${path}.next`
      await writePieces(next, newest(sets))
      await rename(next, path)
    } catch (error) {
      platform.log('warn', `last good endpoints cannot be written to ${path}; they will be missing after a restart`, { error: String(error) })
    }
  }
  // Writes what is new, and now and then without, then rests; until it is flushed.
  const work = async (): Promise<void> => {
    const { signal } = rest
    while ((await wake.wait(REFRESH, signal)) || !signal.aborted) {
      const began = platform.now()
      await write()
      const took = platform.now() - began
      await platform.sleep(Math.min(LONGEST_REST, Math.max(WRITE_EVERY, REST_TIMES * took)), signal)
    }
    writing = undefined
  }
  return {
    async load() {
      const all = await read(path, platform)
      const fresh = all.filter(([, { at }]) => platform.wallClock() - at <= maxAge)
      if (fresh.length < all.length) platform.log('warn', `endpoints of ${all.length - fresh.length} services in ${path} are older than stateMaxAge and are not used`, {})
      for (const [key, set] of fresh) if (!sets.has(key)) sets.set(key, set)
      return new Map(sets)
    },
    save(key, set) {
      if (set === undefined) sets.delete(key)
      else sets.set(key, set)
      wake.ring()
      writing ??= work()
    },
    async flush() {
      rest.abort()
      await writing
      rest = new AbortController()
    },
  }
}

// In pieces: fifty thousand endpoints at once would stop the main process for a tenth of a second, and every change with it.
async function writePieces(path: string, all: readonly (readonly [string, RememberedSet])[]): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    let piece = '{"version":1,"sets":{'
    for (const [place, [key, set]] of all.entries()) {
      piece += `${place === 0 ? '' : ','}\n${JSON.stringify(key)}:${JSON.stringify(set)}`
      if (piece.length < PIECE) continue
      await file.write(piece)
      piece = ''
    }
    await file.write(`${piece}}}\n`)
  } finally {
    await file.close()
  }
}

async function read(path: string, platform: Platform): Promise<readonly (readonly [string, RememberedSet])[]> {
  try {
    const { sets } = document.parse(JSON.parse(await readFile(path, 'utf8')))
    return Object.entries(sets).flatMap(([key, value]) => {
      const parsed = remembered.safeParse(value)
      return parsed.success ? [[key, parsed.data] as const] : []
    })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') platform.log('warn', `last good endpoints cannot be read from ${path}; starting without them`, { error: String(error) })
    return []
  }
}

function newest(sets: ReadonlyMap<string, RememberedSet>): readonly (readonly [string, RememberedSet])[] {
  return [...sets].sort(([, a], [, b]) => b.at - a.at).slice(0, MAX_SETS)
}
