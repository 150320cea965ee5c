// How the route store is, as `fairlead routes` shows it.
import { expect, test } from 'vitest'
import { storeText } from '../../../src/cli/store-text.ts'
import type { StoreStatus } from '../../../src/model/store.ts'

const NOW = 1_000_000
const error = { at: NOW - 2000, message: 'Redis at db:6379: nothing listens there' }

test.each<[status: StoreStatus, lines: readonly string[]]>([
  [{ store: 'redis', mode: 'live', since: 0, lastSuccess: NOW }, []],
  [{ store: 'redis', mode: 'live', since: 0, lastSuccess: NOW, lastError: error, lastGood: { savedAt: 0 } }, []],
  [{ store: 'redis', mode: 'pending', since: NOW - 1000 }, ['the route store redis has not answered yet (pending for 1 s, never read since the start)']],
  [{ store: 'redis', mode: 'unreachable', since: NOW - 240_000, lastSuccess: NOW - 245_000, lastError: error }, ['the route store redis cannot be read (unreachable for 4 min, last read 4 min ago): Redis at db:6379: nothing listens there']],
  [{ store: 'redis', mode: 'unreachable', since: NOW - 3000, lastError: error }, ['the route store redis cannot be read (unreachable for 3 s, never read since the start): Redis at db:6379: nothing listens there']],
  [{ store: 'file:/etc/f.yaml', mode: 'absent', since: NOW - 3000, lastSuccess: NOW, lastError: { at: NOW, message: 'it is gone' } }, ['the route store file:/etc/f.yaml holds no table (absent for 3 s, last read 0 s ago): it is gone']],
  [{ store: 'redis', mode: 'live', since: 0, lastSuccess: NOW, lastGood: { savedAt: 0, fault: 'ENOSPC' } }, ['the last good table on disk cannot be used by a start while the store is down: ENOSPC']],
])('%j', (status, lines) => {
  expect(storeText(status, NOW)).toEqual(lines)
})
