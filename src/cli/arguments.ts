// The arguments of a command.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { messageOf } from '../model/error.ts'
import { UsageError } from './io.ts'

/** Reads arguments; whatever is wrong with them is a `UsageError` that ends with `usage`. */
export function readArguments<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T, usage: string): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${usage}`, { cause: error })
  }
}
