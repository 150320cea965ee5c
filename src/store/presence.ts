// A gateway's word in Redis: written when it did something with a version, renewed so that publishers know who is alive, and
// taken back at the end. A store that does not let us write is read all the same.
import type { Platform } from '../model/platform.ts'
import { ACK_RENEW, ACK_TTL, formatAck, type Ack } from './ack.ts'
import type { RedisView } from './redis-view.ts'

type Word = Partial<Omit<Ack, 'gateway' | 'at'>>

export interface Presence {
  /** Changes what is said, and says it now. Never throws. */
  say(view: RedisView, word: Word): Promise<void>
  /** Says it when it is due; `slack` is the longest time until the next call, in milliseconds. Never throws. */
  renew(view: RedisView, word: Word, slack: number): Promise<void>
  /** Lets the word vanish at once. Never throws. */
  leave(view: RedisView): Promise<void>
}

export function createPresence(platform: Platform, key: string, gateway: string): Presence {
  let ack: Ack = { gateway, version: 0, sha256: '', status: 'waiting', error: '', running: 0, epoch: '', at: 0 }
  let writtenAt = -Infinity
  let complained = false

  async function write(view: RedisView, ttl: number): Promise<void> {
    writtenAt = platform.now()
    ack = { ...ack, at: Math.round(platform.wallClock()) }
    try {
      await view.set(key, formatAck(ack), ttl)
      complained = false
    } catch (error) {
      // The next look says it: a publisher waits for it, and a renewal may be 20 s away.
      writtenAt = -Infinity
      if (complained) return
      complained = true
      platform.log('warn', 'cannot acknowledge tables in Redis; `fairlead routes push` will not wait for this gateway', { key, error: String(error) })
    }
  }

  return {
    say(view, word) {
      ack = { ...ack, ...word }
      return write(view, ACK_TTL * 1000)
    },
    async renew(view, word, slack) {
      ack = { ...ack, ...word }
      if (platform.now() - writtenAt + slack > ACK_RENEW) await write(view, ACK_TTL * 1000)
    },
    leave(view) {
      return write(view, 1)
    },
  }
}
