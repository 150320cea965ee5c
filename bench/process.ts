// Child processes of the bench and what Linux says about them in /proc: CPU time, resident memory, children.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Clock ticks a second in /proc/PID/stat; 100 on every Linux that people run. */
const TICKS = 100

/** User and system time of a process with all its threads, in microseconds; 0 once it is gone. */
export function cpuMicros(pid: number): number {
  const stat = readProc(pid, 'stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1e6) / TICKS
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1024
}

/** Direct children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid)
}

function parentOf(pid: number): number {
  const stat = readProc(pid, 'stat')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** Starts a program whose output goes to `NAME.log` in the scratch folder. */
export function launch(name: string, command: string, args: readonly string[], scratch: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const log = openSync(join(scratch, `${name}.log`), 'a')
  // As many descriptors as this user may have, for 10,000 connections; the shell becomes the program, so the process id is the program's.
  const child = spawn('sh', ['-c', 'ulimit -n $(ulimit -Hn); exec "$0" "$@"', command, ...args], { stdio: ['ignore', log, log], env: { ...process.env, ...env } })
  closeSync(log)
  started.add(child)
  child.on('error', (error) => console.error(`${name}: ${error.message}`))
  return child
}

const started = new Set<ChildProcess>()
// A bench that is told to stop takes with it what it started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of started) child.kill('SIGTERM')
    process.exit(130)
  })
}

/** Ends a program that `launch` started; children of its own go with it. */
export async function stop(child: ChildProcess): Promise<void> {
  started.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exit
  clearTimeout(kill)
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until something accepts connections on the port; rejects when the process ends first or after `seconds`. */
export async function listening(port: number, child: ChildProcess, name: string, scratch: string, seconds = 30): Promise<void> {
  const until = Date.now() + seconds * 1000
  while (Date.now() < until) {
    if (child.exitCode !== null) break
    if (await accepts(port)) return
    await sleep(30)
  }
  await stop(child)
  const log = readFileSync(join(scratch, `${name}.log`), 'utf8').slice(-2000)
  throw new Error(`${name} does not listen on port ${port}. Its log ends:\n${log}`)
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const ok = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return ok
}
