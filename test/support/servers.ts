// Real Redis and Consul for tests, on free ports of 127.0.0.1. `npm run servers` brings what the machine lacks.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { findServer, type ServerKind } from '../../scripts/server-cache.ts'
import { freePorts, startServer, type RealServer } from './server-process.ts'

export type { RealServer } from './server-process.ts'

/**
 * Like `describe`, for tests that need real servers. Where one is missing they are skipped and that is printed, unless
 * `FAIRLEAD_REQUIRE_SERVERS=1`: then it fails.
 */
export function describeWithServers(kinds: readonly ServerKind[], name: string, tests: () => void): void {
  const missing = kinds.filter((kind) => findServer(kind) === undefined)
  const needs = `needs ${missing.join(' and ')}; \`npm run servers\` brings what is missing`
  if (missing.length > 0 && process.env['FAIRLEAD_REQUIRE_SERVERS'] === '1') throw new Error(`${name} ${needs}`)
  if (missing.length > 0) console.warn(`SKIPPED: ${name} ${needs}`)
  describe.skipIf(missing.length > 0)(name, tests)
}

export interface RedisOptions {
  /** Further arguments of redis-server, such as `--requirepass secret` or `--replicaof 127.0.0.1 6380`, one word each. */
  readonly args?: readonly string[]
  /** Keep data over `kill` and `restart` (append-only file, synced at each write). Default false. */
  readonly durable?: boolean
}

/** Starts a Redis with an empty data directory of its own. */
export async function startRedis(options: RedisOptions = {}): Promise<RealServer & { readonly url: string }> {
  const [port = 0] = await freePorts(1)
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-redis-'))
  const keep = options.durable === true ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  const server = await startServer({
    program: programOf('redis'),
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...keep, ...(options.args ?? [])],
    address: `127.0.0.1:${port}`,
    ready: answersPing,
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  })
  return { ...server, url: `redis://127.0.0.1:${port}` }
}

export interface ConsulServerOptions {
  /** Turns on ACLs with default policy `deny`; this is the token that may do everything (a UUID). */
  readonly managementToken?: string
  /** Further arguments of `consul agent`. */
  readonly args?: readonly string[]
}

/** Starts a Consul in development mode: one server that keeps everything in memory, so `kill` and `restart` forget it. */
export async function startConsul(options: ConsulServerOptions = {}): Promise<RealServer & { readonly url: string }> {
  const [http = 0, dns = 0, rpc = 0, lan = 0, wan = 0, grpc = 0] = await freePorts(6)
  const ports = ['-http-port', http, '-dns-port', dns, '-server-port', rpc, '-serf-lan-port', lan, '-serf-wan-port', wan, '-grpc-port', grpc, '-grpc-tls-port', -1]
  const token = options.managementToken
  const acl = token === undefined ? [] : ['-hcl', `acl { enabled = true default_policy = "deny" tokens { initial_management = "${token}" agent = "${token}" } }`]
  const server = await startServer({
    program: programOf('consul'),
    args: ['agent', '-dev', '-node', 'n1', '-bind', '127.0.0.1', '-client', '127.0.0.1', '-log-level', 'warn', ...ports.map(String), ...acl, ...(options.args ?? [])],
    address: `127.0.0.1:${http}`,
    ready: (address) => knowsItself(address, token),
  })
  return { ...server, url: `http://127.0.0.1:${http}` }
}

function programOf(kind: ServerKind): string {
  const path = findServer(kind)
  if (path === undefined) throw new Error(`no ${kind} on this machine; run \`npm run servers ${kind}\``)
  return path
}

// Any answer will do: one that asks for a password is ready as well.
function answersPing(address: string): Promise<boolean> {
  const [host, port] = address.split(':')
  return new Promise((resolve) => {
    const socket = connect(Number(port), host)
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('error', () => done(false))
    socket.once('data', (data) => done(/^(\+PONG|-NOAUTH)/.test(data.toString())))
    socket.write('PING\r\n')
  })
}

// A leader alone is not enough: the agent registers itself a moment later, and reads before that see an empty catalogue.
async function knowsItself(address: string, token: string | undefined): Promise<boolean> {
  const headers = token === undefined ? {} : { 'x-consul-token': token }
  const answer = await fetch(`http://${address}/v1/health/service/consul?passing`, { headers, signal: AbortSignal.timeout(2000) })
  return answer.ok && ((await answer.json()) as unknown[]).length > 0
}
