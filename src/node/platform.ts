// The Platform of a Node process.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetch } from 'undici'
import type { LogLevel, Platform } from '../model/platform.ts'

/** Takes one log line: level, message and fields. */
export type LogSink = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> | undefined) => void

/** The real clock, randomness and network. */
export function nodePlatform(log: LogSink): Platform {
  return {
    now: () => performance.now(),
    wallClock: () => Date.now(),
    random: () => Math.random(),
    sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    fetch: (url, init) => fetch(url, init as Parameters<typeof fetch>[1]) as unknown as Promise<Response>,
    log: (level, message, fields) => log(level, message, fields),
  }
}
