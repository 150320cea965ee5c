// A real Redis on a free port of 127.0.0.1.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'

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
