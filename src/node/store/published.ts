// What was published: the log, old versions, and when those may go.
import { unpackBlob, TABLE_BYTES } from '../../store/blob.ts'
import type { RedisKeys } from '../../store/layout.ts'
import type { RedisClient } from './redis-client.ts'

/** Versions kept at least, and for how long after they were replaced: the slowest reader must have let go of them. */
const KEEP = 10
const KEEP_MS = 3_600_000

/** One publication, as the log has it. */
export interface Publication {
  readonly version: number
  readonly epoch: string
  readonly sha256: string
  readonly by: string
  readonly note: string
  /** Milliseconds since the epoch by the clock of Redis. */
  readonly at: number
}

/** The newest publications, newest first. */
export async function readLog(client: RedisClient, keys: RedisKeys, count: number): Promise<readonly Publication[]> {
  const entries = await client.run((redis) => redis.xrevrange(keys.log, '+', '-', 'COUNT', count))
  return entries.map(([id, fields]) => {
    const field = (name: string): string => fields[fields.indexOf(name) + 1]?.replaceAll(/\p{Cc}/gu, ' ') ?? ''
    const version = Number(field('version'))
    return { version: Number.isSafeInteger(version) ? version : 0, epoch: field('epoch'), sha256: field('sha256'), by: field('by'), note: field('note'), at: Number(id.split('-')[0]) }
  })
}

/** The version last published, 0 for none. */
export async function lastLogged(client: RedisClient, keys: RedisKeys): Promise<number> {
  return (await readLog(client, keys, 1))[0]?.version ?? 0
}

/** Removes versions that nobody can still be reading. Failing at that is no failure of a publication. */
export async function cleanVersions(client: RedisClient, keys: RedisKeys, current: number): Promise<void> {
  try {
    const log = await readLog(client, keys, 1000)
    const newest = log[0]?.at ?? 0
    const old = log.slice(KEEP).filter(({ version }, index) => version !== current && newest - (log[index + KEEP - 1]?.at ?? newest) >= KEEP_MS)
    if (old.length > 0) await client.run((redis) => redis.unlink(old.map(({ version }) => `${keys.versions}${version}`)))
  } catch {
    // They cost memory only, and the next publication tries again.
  }
}

/** The text of a version that is still there; a text of its own says why not. */
export async function readVersion(client: RedisClient, keys: RedisKeys, version: number): Promise<{ readonly text: string } | { readonly problem: string }> {
  const logged = (await readLog(client, keys, 1000)).find((entry) => entry.version === version)
  if (logged === undefined) return { problem: `version ${version} is not in the log of the last 1000 publications` }
  const blob = await client.run((redis) => redis.getBuffer(`${keys.versions}${version}`))
  if (blob === null) return { problem: `version ${version} was cleaned away; the newest ${KEEP} are kept, and older ones for an hour` }
  return unpackBlob(new Uint8Array(blob), { sha256: logged.sha256, bytes: blob.length }, TABLE_BYTES)
}
