// A server as a child process of a test: started until it answers, paused, killed, started again on the same port.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
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
/** How long an orderly end may take, milliseconds. */
const END_WITHIN = 15_000
/**
 * Where free ports are looked for: below those that the system gives to outgoing connections (32768 and up), which would take one before its
 * server listens or while it is down, and below those that Nomad gives to its jobs (20000 and up).
 */
const PORTS = { from: 10_240, to: 20_000 }
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server and waits until it is ready; rejects with the end of its output when it is not in time. */
export async function startServer(spec: ServerSpec): Promise<RealServer> {
  let child = await launch(spec).catch(async (error: unknown) => {
    await spec.cleanUp?.()
    throw error
  })
  return {
    address: spec.address,
    async stop() {
      child.kill('SIGCONT')
      await endProcess(child, 'SIGTERM')
      await spec.cleanUp?.()
    },
    pause() {
      child.kill('SIGSTOP')
      awaitStopped(child.pid ?? 0)
    },
    resume: () => void child.kill('SIGCONT'),
    kill: () => endProcess(child, 'SIGKILL'),
    async restart() {
      child = await launch(spec)
    },
  }
}

/** Ports that were free a moment ago on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    // Another each time and in each process: who just closed one may get it back only after a while.
    const port = randomInt(PORTS.from, PORTS.to)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const free = await once(server, 'listening').then(() => true, () => false)
  if (free) await new Promise((resolve) => server.close(resolve))
  return free
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
  await endProcess(child, 'SIGKILL')
  throw new Error(`${spec.program} did not become ready on ${spec.address}; its output ended with:\n${output}`)
}

/** Sends a signal, or none to a process that ends by itself, and waits until it is gone. It is killed where it takes too long. */
export async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' | undefined): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  if (signal !== undefined) child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN)
  await gone
  clearTimeout(late)
}

/** Threads on other cores go on for a moment after the signal: returns once the kernel says that every one of them has stopped. */
function awaitStopped(pid: number): void {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return
  for (let tries = 0; tries < 10_000 && readdirSync(tasks).some((task) => runs(`${tasks}/${task}/stat`)); tries++);
}

function runs(stat: string): boolean {
  try {
    return !/^\d+ \(.*\) [TtZ]/s.test(readFileSync(stat, 'latin1'))
  } catch {
    // It ended meanwhile.
    return false
  }
}
