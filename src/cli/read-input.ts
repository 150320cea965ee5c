// Reads the file that a command was given.
import { messageOf } from '../model/error.ts'
import { UsageError, type CliIo } from './io.ts'

/** The text of a file, or of standard input for `-`. Throws `UsageError` with a reason for people. */
export async function readInput(file: string, io: CliIo): Promise<string> {
  try {
    return await io.readText(file)
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
