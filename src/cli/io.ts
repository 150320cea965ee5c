// What a command may touch of the terminal and its surroundings, as one value, so that tests can run commands in-process.

/** The outside of one command. Lines come without their line end. */
export interface CliIo {
  out(line: string): void
  err(line: string): void
  /** The text of a file, or of standard input for `-`. Fails when it cannot be read. */
  readText(path: string): Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
}

/** 0: done. 1: it did not come about. 2: the command was written wrongly. */
export type ExitCode = 0 | 1 | 2

/** A command that was written wrongly; the message says how to write it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
