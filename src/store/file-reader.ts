// One look at the file of a route table. Half a save, a rename dance, an empty or a vanished file are told apart from a change
// by letting bad news stand for a second before they are believed.
import { messageOf } from '../model/error.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Platform } from '../model/platform.ts'
import type { ParseTable, StoreEvent } from '../model/store.ts'
import { judgePlain } from './accept.ts'
import { TABLE_BYTES, unpackText } from './blob.ts'
import { sha256Hex } from './digest.ts'
import type { FileStamp, FileView } from './file-view.ts'
import type { Ledger, Offer } from './ledger.ts'
import { problem, readTable, type ReadTable } from './read-table.ts'

/** Two stats this far apart must agree before the file is read. Milliseconds. */
const SETTLE = 25
/** An invalid, empty, shorter or vanished table must stand unchanged for this long: it is probably half a save. Milliseconds. */
const DOUBT = 1000
/** A file changed this short a time before it was read may change again under the same stamp of a coarse clock. Milliseconds. */
const RACY = 2000

export interface FileReaderOptions {
  readonly platform: Platform
  /** For messages and the origin. */
  readonly path: string
  readonly view: FileView
  readonly parse: ParseTable
  /** Largest file in bytes. Default 32 MiB. */
  readonly limit?: number
}

interface Steady {
  readonly stamp: FileStamp
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Platform time since which the file is as it was read. */
  readonly since: number
  /** It was so young when it was read that its stamp may not show the next change. */
  readonly racy: boolean
}

/** Looks at one file, again and again. */
export class FileReader {
  readonly #platform: Platform
  readonly #path: string
  readonly #view: FileView
  readonly #parse: ParseTable
  readonly #limit: number
  readonly #ledger: Ledger
  readonly #origin: string
  #running: TableConfig | undefined
  #seen = { stamp: '', sha256: '', racy: false }
  #missingSince: number | undefined

  constructor({ platform, path, view, parse, limit = TABLE_BYTES }: FileReaderOptions, ledger: Ledger) {
    this.#platform = platform
    this.#path = path
    this.#view = view
    this.#parse = parse
    this.#limit = limit
    this.#ledger = ledger
    this.#origin = `file:${path}`
  }

  /** Looks once, and waits as long as the file is being written. Never throws. */
  async look(signal: AbortSignal): Promise<StoreEvent | undefined> {
    try {
      const stamp = await this.#view.stat()
      if (stamp === undefined) return this.#missing()
      this.#missingSince = undefined
      if (stamp.key === this.#seen.stamp && !this.#seen.racy) return this.#known(this.#offerOf(this.#seen.sha256))?.event
      const steady = await this.#readSteady(stamp, signal)
      return steady === undefined ? undefined : await this.#judge(steady, signal)
    } catch (error) {
      return this.#ledger.unavailable(this.#origin, messageOf(error))
    }
  }

  #missing(): StoreEvent | undefined {
    this.#missingSince ??= this.#platform.now()
    if (this.#running === undefined) return this.#ledger.lost(this.#origin, `${this.#path} does not exist`)
    return this.#platform.now() - this.#missingSince < DOUBT ? undefined : this.#ledger.lost(this.#origin, `${this.#path} is gone; going on with the last table`)
  }

  /** Undefined when it changes under our eyes: the next look starts over. */
  async #readSteady(first: FileStamp, signal: AbortSignal): Promise<Steady | undefined> {
    let stamp: FileStamp | undefined = first
    for (let before = this.#seen.stamp; stamp !== undefined && stamp.key !== before && !signal.aborted; ) {
      before = stamp.key
      await this.#platform.sleep(SETTLE, signal)
      stamp = await this.#view.stat()
    }
    const since = this.#platform.now() - SETTLE
    const racy = stamp !== undefined && this.#platform.wallClock() - stamp.modified < RACY
    const bytes = await this.#view.read(this.#limit)
    const after = await this.#view.stat()
    return stamp === undefined || after?.key !== stamp.key || signal.aborted ? undefined : { stamp, bytes, since, racy }
  }

  async #judge({ stamp, bytes, since, racy }: Steady, signal: AbortSignal): Promise<StoreEvent | undefined> {
    const offer = this.#offerOf(await sha256Hex(bytes))
    const settled = this.#known(offer)
    const read = settled === undefined ? await this.#readBytes(bytes) : undefined
    if (read !== undefined && this.#isDoubtful(read) && !(await this.#stands(stamp, since + DOUBT, signal))) return undefined
    this.#seen = { stamp: stamp.key, sha256: offer.sha256, racy }
    if (read === undefined) return settled?.event
    if ('problems' in read) return this.#ledger.refuse(offer, read.problems)
    this.#running = read.table
    return this.#ledger.take(offer, { kind: 'plain', sha256: offer.sha256 }, read.table, read.text)
  }

  #known(offer: Offer): { readonly event: StoreEvent | undefined } | undefined {
    const settled = this.#ledger.settleUnread(judgePlain(this.#ledger.held, offer.sha256, { plain: this.#path, current: this.#path }), offer, this.#platform.now())
    return settled === 'read' ? undefined : settled
  }

  async #readBytes(bytes: Uint8Array<ArrayBuffer>): Promise<ReadTable> {
    const unpacked = await unpackText(bytes, this.#limit)
    if ('problem' in unpacked) return { problems: [problem(`${this.#path} cannot be used: ${unpacked.problem}`)] }
    return readTable(unpacked.text, this.#parse)
  }

  /** Before the first table there is nothing to protect, and nothing to wait for. */
  #isDoubtful(read: ReadTable): boolean {
    return this.#running !== undefined && ('problems' in read || read.table.routes.length < this.#running.routes.length)
  }

  /** True when the file is still the same at that time. */
  async #stands(stamp: FileStamp, until: number, signal: AbortSignal): Promise<boolean> {
    while (this.#platform.now() < until) {
      await this.#platform.sleep(Math.min(100, until - this.#platform.now()), signal)
      if (signal.aborted || (await this.#view.stat())?.key !== stamp.key) return false
    }
    return true
  }

  #offerOf(sha256: string): Offer {
    return { key: `file/${sha256}`, origin: this.#origin, version: 0, sha256 }
  }
}
