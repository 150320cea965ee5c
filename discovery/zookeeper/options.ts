// Options that every kind of service discovery over ZooKeeper has, as people write them.
import { z } from 'zod'
import { commonOptions, duration, tlsOption } from '../option-words.ts'
import type { Server } from './session.ts'

const SERVER = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i
const PORT = 2181
const TLS_PORT = 2281

const server = z.string().regex(SERVER, 'must be host or host:port of a ZooKeeper server, such as zk1:2181')

/** The shared fields. */
export const zooKeeperFields = {
  address: z
    .union([server, z.array(server).min(1).max(16)])
    .default('127.0.0.1:2181')
    .describe('`host:port` of a server, or of several of one ensemble: they are tried in random order. The default port is 2181, with tls 2281.'),
  sessionTimeout: duration(2000, 60_000, '10s').describe('Session timeout to ask for, 2s to 60s; the server may grant another. A server that is silent for two thirds of it is left.'),
  auth: z.string().regex(/^[^:]+:.+$/s, 'must be user:password').optional().describe('`user:password` for digest authentication.'),
  authFile: z.string().min(1).optional().describe('File that holds `user:password`; read again before each connection and when something may not be read, so it may be rotated.'),
  tls: tlsOption,
  ...commonOptions,
}

/** A path of nodes as configuration writes it. */
export function nodePath(fallback: string) {
  return z.string().regex(/^\/(?:[^/\0]+(?:\/[^/\0]+)*)?$/, 'must be a path such as /services, without a slash at its end').default(fallback)
}

const shared = z.strictObject(zooKeeperFields)

/** The shared options after parsing. */
export type ZooKeeperOptions = z.infer<typeof shared>

/** The servers of a configuration. */
export function serversOf(options: ZooKeeperOptions): readonly Server[] {
  return [options.address].flat().map((address) => {
    const [, host = '', port] = SERVER.exec(address) ?? []
    return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? (options.tls === undefined ? PORT : TLS_PORT) : Number(port) }
  })
}
