// A server as a child process of a test: started until it answers, paused, killed, started again on the same port.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How to run a server. */
export interface ServerSpec {
  readonly program: string
  readonly args: readonly string[]
  /** `host:port` it will answer on. */
  readonly address: string
  /** How long its start may take, milliseconds, default 30 s: a loaded machine is no defect. */
  readonly readyWithin?: number
  /** Resolves true once it answers as it should. */
  ready(address: string): Promise<boolean>
  /** Removes what it left behind; called by `stop`. */
  cleanUp?(): Promise<void>
}

/** A running server. `stop` it in `afterAll`; a test process that ends without doing so kills it. */
export interface RealServer {
  readonly address: string
  /** Orderly end. */
  stop(): Promise<void>
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void
  resume(): void
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
  /** Starts it again after `kill`, on the same port. */
  restart(): Promise<void>
}

const READY_WITHIN = 30_000
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server and waits until it is ready; rejects with the end of its output when it is not in time. */
export async function startServer(spec: ServerSpec): Promise<RealServer> {
  let child = await launch(spec)
  return {
    address: spec.address,
    async stop() {
      child.kill('SIGCONT')
      await end(child, 'SIGTERM')
      await spec.cleanUp?.()
    },
    pause() {
      child.kill('SIGSTOP')
      awaitStopped(child.pid ?? 0)
    },
    resume: () => void child.kill('SIGCONT'),
    kill: () => end(child, 'SIGKILL'),
    async restart() {
      child = await launch(spec)
    },
  }
}

/** Ports that were free a moment ago on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}

async function launch(spec: ServerSpec): Promise<ChildProcess> {
  const child = spawn(spec.program, spec.args, { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4096)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.once('error', (error) => keep(Buffer.from(String(error))))
  const until = Date.now() + (spec.readyWithin ?? READY_WITHIN)
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    if (await spec.ready(spec.address).catch(() => false)) return child
    await sleep(50)
  }
  await end(child, 'SIGKILL')
  throw new Error(`${spec.program} did not become ready on ${spec.address}; its output ended with:\n${output}`)
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Threads on other cores go on for a moment after the signal: returns once the kernel says that every one of them has stopped. */
function awaitStopped(pid: number): void {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return
  const running = (): boolean => readdirSync(tasks).some((task) => !/^\d+ \(.*\) [TtZ]/s.test(readFileSync(`${tasks}/${task}/stat`, 'latin1')))
  for (let tries = 0; tries < 10_000 && running(); tries++);
}
