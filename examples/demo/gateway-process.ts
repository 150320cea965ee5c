// The gateway of the demo: the real command in a process of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const CONFIG = fileURLToPath(new URL('fairlead.yaml', import.meta.url))
/** Longest wait for the first answer, milliseconds. */
const START = 30_000
/** Longest wait for the end, milliseconds; the table's drainTimeout is shorter. */
const STOP = 4000

export interface GatewayProcess {
  /** Resolves with its exit code, or with the name of the signal that ended it. */
  readonly ended: Promise<number | string>
  stop(): Promise<void>
}

/** Starts the gateway; each line of its log goes to `log`. */
export function startGateway(env: Readonly<Record<string, string>>, log: (line: string) => void): GatewayProcess {
  const child = spawn(process.execPath, [COMMAND, 'run', CONFIG], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  createInterface({ input: child.stderr }).on('line', log)
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1))
  })
  return { ended, stop: () => stop(child, ended) }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP)
  await ended
  clearTimeout(timer)
}

/** Resolves once the gateway says that it may get traffic. */
export async function untilReady(admin: string, ended: Promise<number | string>): Promise<void> {
  let end: number | string | undefined
  ended.then((how) => (end = how), () => undefined)
  for (const last = Date.now() + START; Date.now() < last; ) {
    if (end !== undefined) throw new Error(`the gateway ended while starting (${end})`)
    const answer = await fetch(`${admin}/api/ready`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`the gateway was not ready within ${START / 1000} s`)
}
