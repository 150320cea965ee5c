// The route store in Redis: the pointer is polled, hints only make the next look come sooner, and whatever Redis does the
// last table stays.
import type { Platform } from '../model/platform.ts'
import type { ParseTable, RouteStore } from '../model/store.ts'
import type { Held } from './accept.ts'
import { TABLE_BYTES } from './blob.ts'
import { redisKeys } from './layout.ts'
import { Ledger } from './ledger.ts'
import { createPresence, type Presence } from './presence.ts'
import { RedisReader } from './redis-reader.ts'
import type { ConnectRedis, RedisView } from './redis-view.ts'
import { createWake } from './wake.ts'

/** Between two looks without a hint, milliseconds. */
const POLL_MIN = 4000
const POLL_MAX = 6000
/** Between two looks under a flood of hints, milliseconds. */
const MIN_GAP = 25

export interface RedisStoreOptions {
  readonly platform: Platform
  readonly parse: ParseTable
  readonly connect: ConnectRedis
  /** Default `fairlead`; see `prefixProblem`. */
  readonly prefix?: string
  /** Name of this gateway among its siblings, unique; ends a key. */
  readonly gatewayId: string
  /** Largest table in bytes, stored and unpacked. Default 32 MiB. */
  readonly limit?: number
  /** Mark of the last good table on disk. */
  readonly resume?: string
}

/** A route store on the layout of `redisKeys`. One watch at a time. */
export function redisStore(options: RedisStoreOptions): Required<RouteStore> {
  const { platform, parse, limit = TABLE_BYTES } = options
  const keys = redisKeys(options.prefix ?? 'fairlead')
  const ledger = new Ledger('redis', readMark(options.resume), platform)
  const reader = new RedisReader({ platform, parse, keys, limit, ledger })
  const presence = createPresence(platform, `${keys.acks}${options.gatewayId}`, options.gatewayId)
  const wake = createWake(platform)
  let view: RedisView | undefined

  return {
    async *watch(signal) {
      const life = new AbortController()
      const connection = options.connect(keys, wake.ring, life.signal)
      view = connection
      try {
        for (let hinted = false; !signal.aborted; ) {
          const lookedAt = platform.now()
          const event = await reader.check(connection, hinted)
          if (event !== undefined) yield event
          if (reader.reachable) await tell(presence, ledger, connection)
          hinted = await wake.wait(POLL_MIN + platform.random() * (POLL_MAX - POLL_MIN), signal)
          if (hinted) await platform.sleep(Math.max(0, lookedAt + MIN_GAP - platform.now()), signal)
        }
      } finally {
        if (reader.reachable) await presence.leave(connection)
        view = undefined
        life.abort()
      }
    },
    async acknowledge(origin, status, detail) {
      if (ledger.settle(origin, status, detail) && view !== undefined) await tell(presence, ledger, view)
    },
    status: () => ledger.status(),
  }
}

async function tell(presence: Presence, ledger: Ledger, view: RedisView): Promise<void> {
  const held = ledger.held
  const running = held.kind === 'version' ? { running: held.version, epoch: held.epoch } : { running: 0, epoch: '' }
  const outcome = ledger.takeOutcome()
  return outcome === undefined ? presence.renew(view, running, POLL_MAX) : presence.say(view, { ...outcome, ...running })
}

/** What an earlier run held; anything unreadable counts as nothing, which only loses the memory of what the store once had. */
function readMark(mark: string | undefined): Held {
  try {
    const held = JSON.parse(mark ?? '') as Held
    if (held.kind === 'plain' && typeof held.sha256 === 'string') return held
    if (held.kind === 'version' && Number.isSafeInteger(held.version) && [held.epoch, held.sha256, held.plain].every((text) => typeof text === 'string')) return held
  } catch {
    // No mark, or one of another version of this program.
  }
  return { kind: 'nothing' }
}
