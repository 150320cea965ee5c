// The Platform of a worker. Its clocks stand still while code runs and move with each wait: differences are of waits only.
import { type FetchInit, LONGEST_SLEEP, type LogLevel, type Platform } from '../model/platform.ts'

const WRITE = { debug: 'debug', info: 'info', warn: 'warn', error: 'error' } as const satisfies Record<LogLevel, keyof Console>

export const edgePlatform: Platform = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  random: () => Math.random(),
  sleep,
  fetch: fetchPlainly,
  log: (level, message, fields) => console[WRITE[level]](JSON.stringify({ level, message, ...fields })),
}

function fetchPlainly(url: string, init: FetchInit = {}): Promise<Response> {
  if (init.tls !== undefined) return Promise.reject(new Error('a worker cannot choose certificates or trust for fetch'))
  if (init.socketPath !== undefined) return Promise.reject(new Error('a worker cannot connect to a Unix socket; give the registry an http:// or https:// address'))
  return fetch(url, init)
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.min(ms, LONGEST_SLEEP))
    signal?.addEventListener('abort', end)
  })
}
