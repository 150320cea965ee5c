// Real ZooKeepers on free ports of 127.0.0.1: one server, or an ensemble.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'

/** Missing in the manifest of Debian's zookeeper.jar, and needed for TLS. */
const NETTY = ['/usr/share/java/netty-codec.jar', '/usr/share/java/netty-resolver.jar']

/** Milliseconds of a tick. Sessions last 2 to 20 of them. */
const TICK = 500

/** A server, whose `kill` and `restart` keep its data. */
export interface RealZooKeeper extends RealServer {
  /** Forgets its data; between `kill` and `restart`. */
  wipe(): Promise<void>
  /** What it says to a command of four letters, such as `srvr`. */
  say(command: string): Promise<string>
}

/** Starts one server with an empty data directory. */
export async function startZooKeeper(): Promise<RealZooKeeper> {
  const [port = 0] = await freePorts(1)
  return start(port, [], undefined, () => true)
}

/** Starts one server that takes TLS as well, at `secure`, from clients whose certificate `ca` signed. `identity` is a PEM file with key and certificate. */
export async function startSecureZooKeeper(identity: string, ca: string): Promise<RealZooKeeper & { readonly secure: string }> {
  const [port = 0, secure = 0] = await freePorts(2)
  const tls = [`secureClientPort=${secure}`, 'secureClientPortAddress=127.0.0.1', `ssl.keyStore.location=${identity}`, `ssl.trustStore.location=${ca}`]
  const server = await start(port, tls, undefined, () => true, ['-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory'])
  return { ...server, secure: `127.0.0.1:${secure}` }
}

/** Starts three servers that elect a leader. */
export async function startEnsemble(): Promise<readonly RealZooKeeper[]> {
  const ports = await freePorts(9)
  const port = (server: number, of: number): number => ports[server * 3 + of] ?? 0
  const members = [0, 1, 2].map((server) => `server.${server + 1}=127.0.0.1:${port(server, 1)}:${port(server, 2)};127.0.0.1:${port(server, 0)}`)
  // A member that is frozen for some seconds is still one when it goes on.
  const config = ['initLimit=40', 'syncLimit=40', ...members]
  return Promise.all([0, 1, 2].map((server) => start(port(server, 0), config, server + 1, (answer) => answer.includes('Mode:'))))
}

/** The address of the server that leads; undefined while none does. */
export async function leaderOf(servers: readonly RealZooKeeper[]): Promise<RealZooKeeper | undefined> {
  for (const server of servers) if ((await server.say('srvr').catch(() => '')).includes('Mode: leader')) return server
  return undefined
}

async function start(port: number, config: readonly string[], id: number | undefined, isReady: (answer: string) => boolean, java: readonly string[] = []): Promise<RealZooKeeper> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-zookeeper-'))
  const data = join(directory, 'data')
  const fill = async (): Promise<void> => {
    await mkdir(data)
    if (id !== undefined) await writeFile(join(data, 'myid'), String(id))
  }
  await fill()
  const client = id === undefined ? ['clientPortAddress=127.0.0.1', `clientPort=${port}`] : []
  const lines = [`tickTime=${TICK}`, `dataDir=${data}`, ...client, 'admin.enableServer=false', '4lw.commands.whitelist=*', 'maxClientCnxns=0', ...config]
  await writeFile(join(directory, 'zoo.cfg'), lines.join('\n'))
  const address = `127.0.0.1:${port}`
  const server = await startServer({
    program: 'java',
    // A server that is killed loses nothing that it wrote, and no machine loses power here: to wait for the disk at each write proves nothing.
    args: ['-Xmx160m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dzookeeper.forceSync=no', ...java, '-cp', [programOf('zookeeper'), ...NETTY].join(':'), 'org.apache.zookeeper.server.quorum.QuorumPeerMain', join(directory, 'zoo.cfg')],
    address,
    // A JVM, on a loaded machine.
    readyWithin: 110_000,
    ready: async () => isReady(await say(address, 'srvr')),
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  })
  return {
    ...server,
    say: (command) => say(address, command),
    async wipe() {
      await rm(data, { recursive: true, force: true })
      await fill()
    },
  }
}

function say(address: string, command: string): Promise<string> {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host)
    let answer = ''
    socket.setTimeout(2000, () => socket.destroy(new Error(`${address} does not answer ${command}`)))
    socket.on('error', reject)
    socket.on('data', (data) => (answer += data.toString()))
    socket.on('close', () => resolve(answer))
    socket.write(command)
  })
}
