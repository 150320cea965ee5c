// What an entry of list.ts is: a real server that tests drive, where it is found, and how a machine that lacks it gets it.
import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** One kind of real server. */
export interface Recipe {
  readonly kind: string
  /** Path of its program (or archive, or class path entry); undefined when the machine lacks it. */
  find(): string | undefined
  /** One line that says which version stands at `path`. */
  version(path: string): string
  /** Brings it. Rejects with what is missing and how to get it. */
  bring(): Promise<void>
}

/** `FAIRLEAD_CACHE`, else `fairlead/servers` in the user's cache directory. */
export function cacheDirectory(): string {
  const own = process.env['FAIRLEAD_CACHE']
  if (own !== undefined && own !== '') return own
  const base = process.env['XDG_CACHE_HOME']
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'fairlead', 'servers')
}

/** Path of a program, from the cache or from PATH and `further` directories. */
export function findProgram(name: string, further: readonly string[] = []): string | undefined {
  const directories = [cacheDirectory(), ...(process.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== ''), ...further]
  return directories.map((directory) => join(directory, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
