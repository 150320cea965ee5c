// `fairlead run` without a file, as a process in an empty directory: it serves what it finds beside it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePorts } from './server-process.ts'
import { makeTempDirectory } from './temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** A gateway that was started and may not serve yet. */
export interface RunWithoutFile {
  readonly port: number
  readonly admin: number
  /** All that it has logged. */
  said(): string
  /** Ends it and removes its directory. */
  stop(): Promise<void>
}

/** Starts one worker on free ports of 127.0.0.1, with these variables and PATH alone. */
export async function runWithoutFile(env: Readonly<Record<string, string>>): Promise<RunWithoutFile> {
  const [port = 0, admin = 0] = await freePorts(2)
  const { directory, remove } = await makeTempDirectory()
  const child = spawn(process.execPath, [MAIN, 'run', '--listen', `127.0.0.1:${port}`, '--admin', String(admin), '--workers', '1'], { cwd: directory, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => (said += String(chunk)))
  return {
    port,
    admin,
    said: () => said,
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      await remove()
    },
  }
}
