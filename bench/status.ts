// One request of the bench's host, for readiness.
import { request } from 'node:http'
import { HOST } from './peer.ts'

/** Status of a GET, 0 when there is none. */
export async function status(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const ask = request({ host: '127.0.0.1', port, path, headers: { host: HOST }, agent: false, timeout: 10_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    ask.on('timeout', () => ask.destroy())
    ask.on('error', () => resolve(0))
    ask.end()
  })
}
