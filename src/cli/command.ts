// What an entry of list.ts is.
import type { CliIo, ExitCode } from './io.ts'

/** One command of `fairlead`. */
export interface Command {
  /** Its words: `check`, `routes push`. */
  readonly name: string
  /** One line for the overview. */
  readonly summary: string
  /** Imports what runs it: `explain` should not wait for the gateway to be read. */
  load(): Promise<LoadedCommand>
}

interface LoadedCommand {
  /** The whole of its help, with an example. */
  readonly usage: string
  run(args: readonly string[], io: CliIo): Promise<ExitCode>
}
