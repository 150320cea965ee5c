// A store beside a file: until the store gives its first table, that of the file serves, and each good version of it.
import { lifeWithin } from '../model/life.ts'
import type { Platform } from '../model/platform.ts'
import type { RouteStore, StoreEvent } from '../model/store.ts'

/** The same store, with `file` in force and watched until the first table of `store`. One watch at a time. */
export function fileUntilStored(file: RouteStore, store: RouteStore, platform: Pick<Platform, 'log'>): RouteStore {
  let fromFile = ''

  async function* watch(signal: AbortSignal): AsyncGenerator<StoreEvent> {
    const life = lifeWithin(signal)
    const lifeOfFile = lifeWithin(life.signal)
    const [stored, files] = [store.watch(life.signal)[Symbol.asyncIterator](), file.watch(lifeOfFile.signal)[Symbol.asyncIterator]()]
    try {
      let [ofStore, ofFile] = [turnOf(stored), turnOf(files)]
      for (let watched = true; ; ) {
        // The store first: its table outranks a file that changed in the same moment.
        const { step, whose } = await (watched ? Promise.race([ofStore, ofFile]) : ofStore)
        if (step.done === true) return
        const { value: event } = step
        if (whose === files) fromFile = event.origin
        else if (watched && event.kind === 'table') {
          watched = false
          lifeOfFile.end()
          if (fromFile !== '') platform.log('info', 'the store has a table; that of the file serves no more, and the file is not watched until a start without one', { store: event.origin, file: fromFile })
        }
        yield event
        if (whose === files) ofFile = turnOf(files)
        else ofStore = turnOf(stored)
      }
    } finally {
      life.end()
      await Promise.all([stored.return?.(), files.return?.()])
    }
  }

  const status = store.status?.bind(store)
  return {
    watch,
    async acknowledge(origin, outcome, detail) {
      await (origin === fromFile ? file : store).acknowledge?.(origin, outcome, detail)
    },
    ...(status === undefined ? {} : { status }),
  }
}

/** The next event, and whose it is. */
async function turnOf(whose: AsyncIterator<StoreEvent>): Promise<{ readonly step: IteratorResult<StoreEvent>; readonly whose: AsyncIterator<StoreEvent> }> {
  return { step: await whose.next(), whose }
}
