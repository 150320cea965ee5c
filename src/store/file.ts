// The route store in a file. Whatever happens to the file, the last good table stays.
import type { RouteStore } from '../model/store.ts'
import { FileReader, type FileReaderOptions } from './file-reader.ts'
import { Ledger } from './ledger.ts'
import { createWake } from './wake.ts'

/** Between two looks without a hint: file systems without events (NFS, bind mounts) are as good as others. Milliseconds. */
const POLL = 1000
/** Between two looks under a flood of hints: a log in the same directory gives one with each write. Milliseconds. */
const MIN_GAP = 25

/** A route store on one file, with origin `file:PATH`. One watch at a time. */
export function fileStore(options: FileReaderOptions): Required<RouteStore> {
  const ledger = new Ledger(`file:${options.path}`, { kind: 'nothing' }, options.platform)
  const reader = new FileReader(options, ledger)
  const { platform } = options
  const wake = createWake(platform)
  return {
    async *watch(signal) {
      options.view.hint(wake.ring, signal)
      while (!signal.aborted) {
        const lookedAt = platform.now()
        const event = await reader.look(signal)
        if (event !== undefined) yield event
        if (await wake.wait(POLL, signal)) await platform.sleep(Math.max(0, lookedAt + MIN_GAP - platform.now()), signal)
      }
    },
    async acknowledge(origin, status, detail) {
      ledger.settle(origin, status, detail)
    },
    status: () => ledger.status(),
  }
}
