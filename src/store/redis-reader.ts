// One look at the table in Redis: pointer first, the blob only when the pointer names something new, the plain key when there
// is no pointer.
import type { Platform } from '../model/platform.ts'
import type { ParseTable, StoreEvent } from '../model/store.ts'
import { judgeNothing, judgePlain, judgePointer, offerKey, type Held, type Verdict } from './accept.ts'
import { unpackBlob, unpackText, type Unpacked } from './blob.ts'
import { sha256Hex } from './digest.ts'
import type { RedisKeys } from './layout.ts'
import type { Ledger, Offer } from './ledger.ts'
import { parsePointer, type Pointer } from './pointer.ts'
import { problem, readTable } from './read-table.ts'
import { classifyRedisError, StoreFault } from './redis-fault.ts'
import type { RedisView } from './redis-view.ts'

const POINTER_BYTES = 64 * 1024
/** Hints look at a plain key that a pointer overrules at most this often, in milliseconds. */
const OVERRULED_GAP = 5000

export interface RedisReader {
  /** Looks once; `hinted` when something said that it is worth while. Never throws. */
  check(view: RedisView, hinted: boolean): Promise<StoreEvent | undefined>
  /** False while the last look ended in an error of Redis. */
  reachable(): boolean
}

export interface RedisReaderOptions {
  readonly platform: Platform
  readonly parse: ParseTable
  readonly keys: RedisKeys
  /** Largest table in bytes, stored and unpacked. */
  readonly limit: number
  readonly ledger: Ledger
}

export function createRedisReader({ platform, parse, keys, limit, ledger }: RedisReaderOptions): RedisReader {
  let reachable = false
  let overruled = { at: -Infinity, said: '' }

  async function check(view: RedisView, hinted: boolean): Promise<StoreEvent | undefined> {
    try {
      const raw = await view.get(keys.current, POINTER_BYTES)
      const event = raw === undefined ? await checkPlain(view) : await checkPointer(view, raw)
      if (hinted && raw !== undefined && event === undefined) await sayOverruled(view)
      reachable = true
      return event
    } catch (error) {
      reachable = false
      const { kind, message, topic } = classifyRedisError(error, keys.plain)
      return kind === 'config' ? ledger.misconfigured('redis', message, topic) : ledger.unavailable('redis', message, topic)
    }
  }

  async function checkPointer(view: RedisView, raw: Uint8Array): Promise<StoreEvent | undefined> {
    const pointer = parsePointer(new TextDecoder().decode(raw))
    if (typeof pointer === 'string') {
      return ledger.nonsense('redis', problem(`${keys.current} is not a pointer: ${pointer}`, 'publish with `fairlead routes push`', keys.current))
    }
    const { version, epoch, sha256 } = pointer
    const held = ledger.held()
    const verdict = judgePointer(held, pointer, limit)
    if (verdict.kind === 'same' && held.kind === 'version' && held.epoch !== epoch) ledger.rename({ ...held, epoch })
    return act(verdict, { key: offerKey(pointer), origin: `redis:v${version}`, version, sha256 }, {
      unpack: () => fetchBlob(view, pointer),
      // After validation: it costs one more read for each new version, and none for each look.
      hold: async () => ({ kind: 'version', version, epoch, sha256, plain: await hashOfPlain(view) }),
    })
  }

  async function checkPlain(view: RedisView): Promise<StoreEvent | undefined> {
    const raw = await readPlain(view)
    if (raw === undefined) return ledger.lost('redis', judgeNothing(ledger.held(), keys))
    const sha256 = await sha256Hex(raw)
    const verdict = judgePlain(ledger.held(), sha256, keys)
    return act(verdict, { key: `plain/${sha256}`, origin: `redis:plain-${sha256.slice(0, 8)}`, version: 0, sha256 }, {
      unpack: () => unpackText(raw, limit),
      hold: async () => ({ kind: 'plain', sha256 }),
    })
  }

  async function act(verdict: Verdict, offer: Offer, how: { unpack(): Promise<Unpacked | undefined>; hold(): Promise<Held> }): Promise<StoreEvent | undefined> {
    const settled = ledger.settleUnread(verdict, offer, platform.now())
    if (settled !== 'read') return settled.event
    const unpacked = await how.unpack()
    if (unpacked === undefined) return ledger.lost(offer.origin, `${keys.current} names version ${offer.version}, and ${keys.versions}${offer.version} is not there: evicted, deleted, or not yet copied to this replica`)
    if ('problem' in unpacked) return ledger.spoil(offer, unpacked.problem, platform.now())
    const read = readTable(unpacked.text, parse)
    if ('problems' in read) return ledger.refuse(offer, read.problems)
    const held = await how.hold()
    if (verdict.kind === 'read' && verdict.warning !== '') platform.log('warn', verdict.warning, { store: keys.plain })
    return ledger.take(offer, held, read.table, read.text)
  }

  async function fetchBlob(view: RedisView, pointer: Pointer): Promise<Unpacked | undefined> {
    const raw = await view.get(`${keys.versions}${pointer.version}`, Math.min(pointer.bytes, limit))
    return raw === undefined ? undefined : unpackBlob(raw, pointer, limit)
  }

  /** A reader may well have rights on the versions only; then there is no plain key for it. */
  async function readPlain(view: RedisView): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await view.get(keys.plain, limit)
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'denied' && ledger.held().kind !== 'plain') return undefined
      throw error
    }
  }

  async function hashOfPlain(view: RedisView): Promise<string> {
    try {
      const raw = await view.get(keys.plain, limit)
      return raw === undefined ? '' : await sha256Hex(raw)
    } catch (error) {
      if (error instanceof StoreFault && error.kind !== 'unavailable') return ''
      throw error
    }
  }

  /** A person who writes the plain key while a pointer rules would wait in vain; the log says why. */
  async function sayOverruled(view: RedisView): Promise<void> {
    const held = ledger.held()
    if (held.kind !== 'version' || platform.now() - overruled.at < OVERRULED_GAP) return
    const plain = await hashOfPlain(view)
    if (plain !== '' && plain !== held.plain && plain !== overruled.said) {
      platform.log('warn', `${keys.plain} was written but ${keys.current} is in force (version ${held.version}): push the table, or delete ${keys.current} to use it`)
    }
    overruled = { at: platform.now(), said: plain }
  }

  return { check, reachable: () => reachable }
}
