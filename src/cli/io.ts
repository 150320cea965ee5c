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

/** Says why it did not come about, as one JSON object where that is the result, and ends with 1. `more` goes into the object. */
export function fail(io: CliIo, json: boolean, error: string, more: Readonly<Record<string, unknown>> = {}): ExitCode {
  if (json) io.out(JSON.stringify({ ok: false, error, ...more }))
  else io.err(error)
  return 1
}

/** The Redis that the environment names for every command; a variable set to nothing names none. */
export function redisVariable(env: CliIo['env']): string | undefined {
  return env['FAIRLEAD_REDIS'] || undefined
}

/** A command that was written wrongly; the message says how to write it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
