// The Platform of a worker. Its clocks stand still while code runs and move with each wait: differences are of waits only.
import type { LogLevel, Platform } from '../model/platform.ts'

const WRITE = { debug: 'debug', info: 'info', warn: 'warn', error: 'error' } as const satisfies Record<LogLevel, keyof Console>

export const edgePlatform: Platform = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  random: () => Math.random(),
  sleep,
  fetch: (url, init) => (init?.tls === undefined ? fetch(url, init) : Promise.reject(new Error('a worker cannot choose certificates or trust for fetch'))),
  log: (level, message, fields) => console[WRITE[level]](JSON.stringify({ level, message, ...fields })),
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
