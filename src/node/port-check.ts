// Whether workers can share a port, and whether it is free before they do. They open it in the way that lets others in, and the system
// lets in whoever asks in the same way: a second gateway, started by mistake, would get half of the requests without a word.
import { createServer } from 'node:net'
import process from 'node:process'
import type { ListenerConfig } from '../model/listener-config.ts'

/** Whether processes may open the same port (Linux and the BSDs); elsewhere the main process hands connections out. */
export function canReusePort(): boolean {
  return ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(process.platform)
}

/** Rejects with the system's error when somebody listens there already. */
export function checkPort({ host, port }: ListenerConfig): Promise<void> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => server.close(() => resolve()))
  })
}
