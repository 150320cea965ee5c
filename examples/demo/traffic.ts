// A little traffic for `npm start -- --traffic`, so that there is something to see without typing.
import { request } from 'node:http'

/** Milliseconds between two requests. */
const GAP = 200
const USERS = ['ann', 'ben', 'tester-1', 'eve']

/** Asks simon a few times a second until stopped. */
export function startTraffic(gateway: number): { stop(): void } {
  let count = 0
  const timer = setInterval(() => {
    const user = USERS[count++ % USERS.length] ?? 'ann'
    const asked = request({ host: '127.0.0.1', port: gateway, path: '/say', headers: { host: 'simon.local', 'x-user': user }, timeout: 5000 }, (response) => response.resume())
    // Failures are in the counts, where the demo wants them.
    asked.on('error', () => undefined)
    asked.on('timeout', () => asked.destroy())
    asked.end()
  }, GAP)
  return { stop: () => clearInterval(timer) }
}
