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

/** Gives a function that looks once, and waits as long as the file is being written. It never throws. */
export function createFileReader(options: FileReaderOptions, ledger: Ledger): (signal: AbortSignal) => Promise<StoreEvent | undefined> {
  const { platform, path, view, parse, limit = TABLE_BYTES } = options
  const origin = `file:${path}`
  const keys = { plain: path, current: path }
  let running: TableConfig | undefined
  let seen = { stamp: '', sha256: '', racy: false }
  let missingSince: number | undefined

  async function look(signal: AbortSignal): Promise<StoreEvent | undefined> {
    try {
      const stamp = await view.stat()
      if (stamp === undefined) return missing()
      missingSince = undefined
      if (stamp.key === seen.stamp && !seen.racy) return known(offerOf(seen.sha256))?.event
      const steady = await readSteady(stamp, signal)
      return steady === undefined ? undefined : await judge(steady, signal)
    } catch (error) {
      return ledger.unavailable(origin, messageOf(error))
    }
  }

  function missing(): StoreEvent | undefined {
    missingSince ??= platform.now()
    if (running === undefined) return ledger.lost(origin, `${path} does not exist`)
    return platform.now() - missingSince < DOUBT ? undefined : ledger.lost(origin, `${path} is gone; going on with the last table`)
  }

  /** Undefined when it changes under our eyes: the next look starts over. */
  async function readSteady(first: FileStamp, signal: AbortSignal): Promise<Steady | undefined> {
    let stamp: FileStamp | undefined = first
    for (let before = seen.stamp; stamp !== undefined && stamp.key !== before && !signal.aborted; ) {
      before = stamp.key
      await platform.sleep(SETTLE, signal)
      stamp = await view.stat()
    }
    const since = platform.now() - SETTLE
    const racy = stamp !== undefined && platform.wallClock() - stamp.modified < RACY
    const bytes = await view.read(limit)
    const after = await view.stat()
    return stamp === undefined || after?.key !== stamp.key || signal.aborted ? undefined : { stamp, bytes, since, racy }
  }

  async function judge({ stamp, bytes, since, racy }: Steady, signal: AbortSignal): Promise<StoreEvent | undefined> {
    const offer = offerOf(await sha256Hex(bytes))
    const settled = known(offer)
    const read = settled === undefined ? await readBytes(bytes) : undefined
    if (read !== undefined && isDoubtful(read) && !(await stands(stamp, since + DOUBT, signal))) return undefined
    seen = { stamp: stamp.key, sha256: offer.sha256, racy }
    if (read === undefined) return settled?.event
    if ('problems' in read) return ledger.refuse(offer, read.problems)
    running = read.table
    return ledger.take(offer, { kind: 'plain', sha256: offer.sha256 }, read.table, read.text)
  }

  function known(offer: Offer): { readonly event: StoreEvent | undefined } | undefined {
    const settled = ledger.settleUnread(judgePlain(ledger.held(), offer.sha256, keys), offer, platform.now())
    return settled === 'read' ? undefined : settled
  }

  async function readBytes(bytes: Uint8Array<ArrayBuffer>): Promise<ReadTable> {
    const unpacked = await unpackText(bytes, limit)
    if ('problem' in unpacked) return { problems: [problem(`${path} cannot be used: ${unpacked.problem}`)] }
    return readTable(unpacked.text, parse)
  }

  /** Before the first table there is nothing to protect, and nothing to wait for. */
  function isDoubtful(read: ReadTable): boolean {
    return running !== undefined && ('problems' in read || read.table.routes.length < running.routes.length)
  }

  /** True when the file is still the same at that time. */
  async function stands(stamp: FileStamp, until: number, signal: AbortSignal): Promise<boolean> {
    while (platform.now() < until) {
      await platform.sleep(Math.min(100, until - platform.now()), signal)
      if (signal.aborted || (await view.stat())?.key !== stamp.key) return false
    }
    return true
  }

  function offerOf(sha256: string): Offer {
    return { key: `file/${sha256}`, origin, version: 0, sha256 }
  }

  return look
}
