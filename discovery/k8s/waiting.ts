// Who waits for news of which service.
import { ENDED } from '../../src/model/life.ts'
import type { Platform } from '../../src/model/platform.ts'

/** What a question waits for. */
interface WaitFor {
  readonly service: string
  /** Ends the waiting. Looked at once at the start, and each time the service is woken. */
  readonly holds: () => boolean
  /** Milliseconds after which it also ends, where `orElse` holds then or later; undefined for never. */
  readonly ms: number | undefined
  readonly orElse?: () => boolean
}

export interface Waiting {
  /** Resolves when what is waited for has come, and when the signal is aborted. */
  wait(what: WaitFor, signal: AbortSignal): Promise<void>
  wake(services: Iterable<string>): void
  wakeAll(): void
}

/** Nobody waits yet. */
export function createWaiting(platform: Pick<Platform, 'sleep'>): Waiting {
  const waiting = new Map<string, Set<() => void>>()
  const wake = (services: Iterable<string>): void => {
    for (const service of services) for (const check of waiting.get(service) ?? []) check()
  }
  const wait = ({ service, holds, ms, orElse = always }: WaitFor, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted || holds()) return resolve()
      const checks = waiting.get(service) ?? new Set()
      // Most wait without an end of their own.
      const timer = ms === undefined ? undefined : new AbortController()
      let over = false
      const check = (): void => {
        if (holds() || (over && orElse())) end()
      }
      const end = (): void => {
        checks.delete(check)
        if (checks.size === 0 && waiting.get(service) === checks) waiting.delete(service)
        signal.removeEventListener('abort', end)
        timer?.abort(ENDED)
        resolve()
      }
      waiting.set(service, checks.add(check))
      signal.addEventListener('abort', end)
      if (ms === undefined || timer === undefined) return
      void platform.sleep(ms, timer.signal).then(() => {
        over = true
        check()
      })
    })
  return { wait, wake, wakeAll: () => wake([...waiting.keys()]) }
}

function always(): boolean {
  return true
}
