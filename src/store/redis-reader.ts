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

export interface RedisReaderOptions {
  readonly platform: Platform
  readonly parse: ParseTable
  readonly keys: RedisKeys
  /** Largest table in bytes, stored and unpacked. */
  readonly limit: number
  readonly ledger: Ledger
}

/** Looks at one Redis, again and again. */
export class RedisReader {
  readonly #platform: Platform
  readonly #parse: ParseTable
  readonly #keys: RedisKeys
  readonly #limit: number
  readonly #ledger: Ledger
  #reachable = false
  #overruled = { at: -Infinity, said: '' }

  constructor({ platform, parse, keys, limit, ledger }: RedisReaderOptions) {
    this.#platform = platform
    this.#parse = parse
    this.#keys = keys
    this.#limit = limit
    this.#ledger = ledger
  }

  /** False while the last look ended in an error of Redis. */
  get reachable(): boolean {
    return this.#reachable
  }

  /** Looks once; `hinted` when something said that it is worth while. Never throws. */
  async check(view: RedisView, hinted: boolean): Promise<StoreEvent | undefined> {
    try {
      const raw = await view.get(this.#keys.current, POINTER_BYTES)
      const event = raw === undefined ? await this.#checkPlain(view) : await this.#checkPointer(view, raw)
      if (hinted && raw !== undefined && event === undefined) await this.#sayOverruled(view)
      this.#reachable = true
      return event
    } catch (error) {
      this.#reachable = false
      const { kind, message, topic } = classifyRedisError(error, this.#keys.plain)
      return kind === 'config' ? this.#ledger.misconfigured('redis', message, topic) : this.#ledger.unavailable('redis', message, topic)
    }
  }

  async #checkPointer(view: RedisView, raw: Uint8Array): Promise<StoreEvent | undefined> {
    const pointer = parsePointer(new TextDecoder().decode(raw))
    if (typeof pointer === 'string') {
      return this.#ledger.nonsense('redis', problem(`${this.#keys.current} is not a pointer: ${pointer}`, 'publish with `fairlead routes push`', this.#keys.current))
    }
    const { version, epoch, sha256 } = pointer
    const held = this.#ledger.held
    const verdict = judgePointer(held, pointer, this.#limit)
    if (verdict.kind === 'same' && held.kind === 'version' && held.epoch !== epoch) this.#ledger.rename({ ...held, epoch })
    return this.#act(verdict, { key: offerKey(pointer), origin: `redis:v${version}`, version, sha256 }, {
      unpack: () => this.#fetchBlob(view, pointer),
      // After validation: it costs one more read for each new version, and none for each look.
      hold: async () => ({ kind: 'version', version, epoch, sha256, plain: await this.#hashOfPlain(view) }),
    })
  }

  async #checkPlain(view: RedisView): Promise<StoreEvent | undefined> {
    const raw = await this.#readPlain(view)
    if (raw === undefined) return this.#ledger.lost('redis', judgeNothing(this.#ledger.held, this.#keys))
    const sha256 = await sha256Hex(raw)
    const verdict = judgePlain(this.#ledger.held, sha256, this.#keys)
    return this.#act(verdict, { key: `plain/${sha256}`, origin: `redis:plain-${sha256.slice(0, 8)}`, version: 0, sha256 }, {
      unpack: () => unpackText(raw, this.#limit),
      hold: async () => ({ kind: 'plain', sha256 }),
    })
  }

  async #act(verdict: Verdict, offer: Offer, how: { unpack(): Promise<Unpacked | undefined>; hold(): Promise<Held> }): Promise<StoreEvent | undefined> {
    const settled = this.#ledger.settleUnread(verdict, offer, this.#platform.now())
    if (settled !== 'read') return settled.event
    const unpacked = await how.unpack()
    if (unpacked === undefined) return this.#ledger.lost(offer.origin, `${this.#keys.current} names version ${offer.version}, and ${this.#keys.versions}${offer.version} is not there: evicted, deleted, or not yet copied to this replica`)
    if ('problem' in unpacked) return this.#ledger.spoil(offer, unpacked.problem, this.#platform.now())
    const read = readTable(unpacked.text, this.#parse)
    if ('problems' in read) return this.#ledger.refuse(offer, read.problems)
    const held = await how.hold()
    if (verdict.kind === 'read' && verdict.warning !== '') this.#platform.log('warn', verdict.warning, { store: this.#keys.plain })
    return this.#ledger.take(offer, held, read.table, read.text)
  }

  async #fetchBlob(view: RedisView, pointer: Pointer): Promise<Unpacked | undefined> {
    const raw = await view.get(`${this.#keys.versions}${pointer.version}`, Math.min(pointer.bytes, this.#limit))
    return raw === undefined ? undefined : unpackBlob(raw, pointer, this.#limit)
  }

  /** A reader may well have rights on the versions only; then there is no plain key for it. */
  async #readPlain(view: RedisView): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await view.get(this.#keys.plain, this.#limit)
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'denied' && this.#ledger.held.kind !== 'plain') return undefined
      throw error
    }
  }

  async #hashOfPlain(view: RedisView): Promise<string> {
    try {
      const raw = await view.get(this.#keys.plain, this.#limit)
      return raw === undefined ? '' : await sha256Hex(raw)
    } catch (error) {
      if (error instanceof StoreFault && error.kind !== 'unavailable') return ''
      throw error
    }
  }

  /** A person who writes the plain key while a pointer rules would wait in vain; the log says why. */
  async #sayOverruled(view: RedisView): Promise<void> {
    const held = this.#ledger.held
    if (held.kind !== 'version' || this.#platform.now() - this.#overruled.at < OVERRULED_GAP) return
    const plain = await this.#hashOfPlain(view)
    if (plain !== '' && plain !== held.plain && plain !== this.#overruled.said) {
      this.#platform.log('warn', `${this.#keys.plain} was written but ${this.#keys.current} is in force (version ${held.version}): push the table, or delete ${this.#keys.current} to use it`)
    }
    this.#overruled = { at: this.#platform.now(), said: plain }
  }
}
