// The Platform of a Node process.
import { performance } from 'node:perf_hooks'
import { LONGEST_SLEEP, type LogLevel, type Platform } from '../model/platform.ts'
import { createRegistryFetch } from './registry-fetch.ts'

/** Takes one log line: level, message and fields. */
export type LogSink = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> | undefined) => void

/** The real clock, randomness and network. */
export function nodePlatform(log: LogSink): Platform {
  return {
    now: () => performance.now(),
    wallClock: () => Date.now(),
    random: () => Math.random(),
    sleep,
    fetch: createRegistryFetch(),
    log: (level, message, fields) => log(level, message, fields),
  }
}

// That of node:timers/promises makes an error with a stack for each sleep that is cut short, and most are.
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const wake = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, Math.min(ms, LONGEST_SLEEP))
    signal?.addEventListener('abort', wake)
  })
}
