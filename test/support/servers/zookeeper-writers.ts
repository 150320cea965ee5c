// The real writers of ZooKeeper as child processes: services that register with Curator's and Finagle's own libraries.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endProcess } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { within } from '../within.ts'

/** Longest time that one command takes, the start of the JVM on a loaded machine included, milliseconds. */
const WITHIN = 45_000

/** A service that registers. */
export interface Writer {
  /** Gives one command of the program in test/fixtures/zookeeper-writers, and waits until it is done, at most 45 s. */
  say(command: string): Promise<void>
  pause(): void
  resume(): void
  /** SIGKILL: its session ends by its timeout. */
  kill(): Promise<void>
  /** Orderly end. */
  stop(): Promise<void>
}

/** Registers below `path`/`service` by Curator. Sessions of `timeout` milliseconds. */
export function startCuratorWriter(servers: string, base: string, service: string, timeout: number, mode: 'compatible' | 'new' = 'new'): Writer {
  return start('curator-writer-5.9.0-2', 'CuratorWriter', [servers, base, service, String(timeout), mode])
}

/** Joins the serverset at `path` by Finagle's library. */
export function startServersetWriter(servers: string, path: string, timeout: number): Writer {
  return start('serverset-writer-24.2.0-2', 'ServersetWriter', [servers, path, String(timeout)])
}

function start(build: string, main: string, args: readonly string[]): Writer {
  const directory = join(programOf('zookeeper-writers'), build)
  const classPath = [join(directory, 'classes'), join(directory, 'lib', '*')].join(':')
  const child = spawn('java', ['-Xmx160m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath, main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let errors = ''
  const keep = (said: string): void => {
    errors = (errors + said).slice(-4000)
  }
  child.stderr.on('data', (chunk: Buffer) => keep(chunk.toString()))
  child.on('error', (error) => keep(String(error)))
  // A command to one that is gone is answered by the end of its output.
  child.stdin.on('error', (error) => keep(String(error)))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const end = async (signal: 'SIGKILL' | undefined): Promise<void> => {
    process.off('exit', kill)
    child.stdin.end()
    await endProcess(child, signal)
  }
  const done = async (command: string): Promise<void> => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) if (line.value === 'ok') return
    throw new Error(`the writer ended at ${command}:\n${errors}`)
  }
  return {
    async say(command) {
      child.stdin.write(`${command}\n`)
      // Some are a mebibyte long.
      const shown = command.slice(0, 200)
      await within(WITHIN, done(shown), () => `the writer was not done within ${WITHIN / 1000} s with ${shown}:\n${errors}`)
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    stop: () => end(undefined),
  }
}
