// One request to a gateway that backends of a drill answer, and waiting until something is as it should be.
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, vi } from 'vitest'

/** Status and the name of who answered a GET, on a connection of its own: `200 a`. */
export function get(port: number, host: string, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => void text(response).then((body) => resolve(`${response.statusCode} ${body.split(' (')[0]}`), reject))
    asked.on('error', reject).end()
  })
}

/** Reads again until it is what is wanted. `timeout` in milliseconds. */
export const becomes = (read: () => Promise<unknown>, wanted: unknown, timeout = 20_000): Promise<void> => vi.waitFor(async () => expect(await read()).toEqual(wanted), { timeout, interval: 30 })
