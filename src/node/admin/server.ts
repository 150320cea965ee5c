// Starts the admin server on a port of its own.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { AdminConfig } from '../../model/config.ts'
import type { Platform } from '../../model/platform.ts'
import { addressText } from '../../proxy/view.ts'
import { createAdminApp } from './app.ts'
import type { AdminSource } from './source.ts'

export interface AdminServer {
  readonly port: number
  /** Ends connections and resolves when the port is free. */
  close(): Promise<void>
}

/** Slow clients must not pile up; nothing here takes long. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 20_000, maxHeaderSize: 16 * 1024 }

/** Listens. Rejects with a message for people when the address cannot be had. */
export async function startAdmin(config: AdminConfig, source: AdminSource, platform: Platform): Promise<AdminServer> {
  const { host, port, token } = config
  const app = createAdminApp(source, { platform, host, ...(token === undefined ? {} : { token }) })
  // The runtime's own Request and Response stay what they are: other parts of the process use them.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false, serverOptions: LIMITS }) as Server
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`the admin server cannot listen on ${addressText(host, port)}: ${error.message}; set admin.port or admin.host`, { cause: error })))
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
