// The Platform of a Node process.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLevel, Platform } from '../model/platform.ts'
import { createRegistryFetch } from './registry-fetch.ts'

/** Takes one log line: level, message and fields. */
export type LogSink = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> | undefined) => void

/** The real clock, randomness and network. */
export function nodePlatform(log: LogSink): Platform {
  return {
    now: () => performance.now(),
    wallClock: () => Date.now(),
    random: () => Math.random(),
    sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    fetch: createRegistryFetch(),
    log: (level, message, fields) => log(level, message, fields),
  }
}
