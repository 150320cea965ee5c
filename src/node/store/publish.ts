// Publishing a table to Redis: the blob first, immutable and under a number of its own, then one script that moves the pointer
// if nobody else did, writes the log and rings the gateways.
import { packText } from '../../store/blob.ts'
import { sha256Hex } from '../../store/digest.ts'
import { redisKeys, type RedisKeys } from '../../store/layout.ts'
import { parsePointer, SCHEMA, type Pointer } from '../../store/pointer.ts'
import { StoreFault } from '../../store/redis-fault.ts'
import { listAcks } from './acks.ts'
import { cleanVersions, lastLogged } from './published.ts'
import type { RedisClient } from './redis-client.ts'

/** Texts longer than this are packed, in characters; shorter ones stay readable with redis-cli. */
const PACK_ABOVE = 256 * 1024
/** A blob that no pointer came to name vanishes after this long, in seconds. */
const ORPHAN_TTL = 3600
/** Numbers tried when others publish at the same moment. */
const TRIES = 20

/** Moves the pointer from what we read to ours, or does nothing. KEYS: current, log, blob. */
const MOVE_POINTER = `
local now = redis.call('GET', KEYS[1])
if (now or '') ~= ARGV[1] then return 'moved' end
if redis.call('PERSIST', KEYS[3]) == 0 then return 'lost' end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'version', ARGV[4], 'epoch', ARGV[5], 'sha256', ARGV[6], 'by', ARGV[7], 'note', ARGV[8])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 'done'
`

export interface PublishOptions {
  readonly client: RedisClient
  readonly prefix: string
  /** YAML or JSON, already validated. */
  readonly text: string
  /** Who publishes, and why; both end in the log. */
  readonly by: string
  readonly note: string
  /** The version that must be in force; 0 for none. Default: whatever is in force. */
  readonly expectVersion?: number
}

export type Published =
  | { readonly kind: 'published'; readonly version: number; readonly epoch: string; readonly sha256: string; readonly bytes: number; readonly previous: number }
  /** Somebody else published in between; nothing changed. `found` is the version in force. */
  | { readonly kind: 'conflict'; readonly found: number; readonly message: string }

/** Publishes a table as the next version. Fails with `StoreFault` when Redis does not let it. */
export async function publish({ client, prefix, text, by, note, expectVersion }: PublishOptions): Promise<Published> {
  const keys = redisKeys(prefix)
  const { raw, pointer } = await readPointer(client, keys)
  const previous = pointer?.version ?? 0
  if (expectVersion !== undefined && expectVersion !== previous) return conflict(previous, `version ${expectVersion} was expected in force`)
  const blob = text.length > PACK_ABOVE ? Buffer.from(await packText(text)) : Buffer.from(text)
  const sha256 = await sha256Hex(new Uint8Array(blob))
  const version = await writeBlob(client, keys, (await highest(client, keys, previous)) + 1, blob)
  await verify(client, `${keys.versions}${version}`, sha256)
  const epoch = pointer?.epoch ?? crypto.randomUUID()
  const next = { version, epoch, sha256, bytes: blob.length, schema: SCHEMA, writtenAt: new Date().toISOString(), by }
  const moved = await client.run((redis) =>
    redis.eval(MOVE_POINTER, 3, keys.current, keys.log, `${keys.versions}${version}`, raw, JSON.stringify(next), keys.notify, String(version), epoch, sha256, by, note),
  )
  if (moved !== 'done') {
    await client.run((redis) => redis.unlink(`${keys.versions}${version}`))
    const now = await readPointer(client, keys)
    return conflict(now.pointer?.version ?? 0, moved === 'lost' ? 'Redis dropped the new version again (is its memory full?)' : 'somebody else published at the same moment')
  }
  await cleanVersions(client, keys, version)
  return { kind: 'published', version, epoch, sha256, bytes: blob.length, previous }
}

/** The pointer in force with its exact text, which the script compares. */
export async function readPointer(client: RedisClient, keys: RedisKeys): Promise<{ readonly raw: string; readonly pointer?: Pointer }> {
  const raw = await client.run((redis) => redis.get(keys.current))
  if (raw === null) return { raw: '' }
  const pointer = parsePointer(raw)
  if (typeof pointer === 'string') throw new StoreFault('config', `${keys.current} is not a pointer: ${pointer}. Delete it, or choose another prefix`)
  return { raw, pointer }
}

/** The highest number ever given, as far as anybody remembers: after a failover gateways may be ahead of the store. */
async function highest(client: RedisClient, keys: RedisKeys, previous: number): Promise<number> {
  const acks = await listAcks(client, keys)
  return Math.max(previous, await lastLogged(client, keys), ...acks.map(({ ack }) => ack.running))
}

/** Writes the blob under the first free number from `from`, and gives that number. */
async function writeBlob(client: RedisClient, keys: RedisKeys, from: number, blob: Buffer): Promise<number> {
  for (let version = from; version < from + TRIES; version++) {
    const written = await client.run((redis) => redis.set(`${keys.versions}${version}`, blob, 'EX', ORPHAN_TTL, 'NX'))
    if (written === 'OK') return version
  }
  throw new StoreFault('config', `${keys.versions}${from} to ${from + TRIES - 1} are all taken: too many publish at once, or somebody wrote these keys by hand`)
}

async function verify(client: RedisClient, key: string, sha256: string): Promise<void> {
  const stored = await client.run((redis) => redis.getBuffer(key))
  if (stored === null || (await sha256Hex(new Uint8Array(stored))) !== sha256) throw new StoreFault('unavailable', `${key} is not what was written there a moment ago; nothing was published`)
}

function conflict(found: number, why: string): Published {
  return { kind: 'conflict', found, message: `conflict: ${why}, and ${found === 0 ? 'no version' : `version ${found}`} is in force. Look at it, then publish again` }
}
