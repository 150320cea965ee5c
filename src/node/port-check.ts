// Whether a port is free before workers share it. They open it in the way that lets others in, and the system lets in whoever asks
// in the same way: a second gateway, started by mistake, would get half of the requests without a word.
import { createServer } from 'node:net'
import type { ListenerConfig } from '../model/listener-config.ts'

/** Rejects with the system's error when somebody listens there already. */
export function checkPort({ host, port }: ListenerConfig): Promise<void> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => server.close(() => resolve()))
  })
}
