// `fairlead version`.
import process from 'node:process'
import { VERSION } from '../node/version.ts'
import type { CliIo, ExitCode } from './io.ts'

export const VERSION_USAGE = `usage: fairlead version

example:
  fairlead version`

export async function version(_args: readonly string[], io: CliIo): Promise<ExitCode> {
  io.out(`fairlead ${VERSION} (node ${process.versions.node})`)
  return 0
}
