// Where real servers for tests are found: a cache outside the checkout, then PATH.
import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A real server that tests can drive. */
export type ServerKind = 'redis' | 'consul'

/** Name of each server's program. */
export const PROGRAMS: Readonly<Record<ServerKind, string>> = { redis: 'redis-server', consul: 'consul' }

/** `FAIRLEAD_CACHE`, else `fairlead/servers` in the user's cache directory. */
export function cacheDirectory(): string {
  const own = process.env['FAIRLEAD_CACHE']
  if (own !== undefined && own !== '') return own
  const base = process.env['XDG_CACHE_HOME']
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'fairlead', 'servers')
}

/** Path of the server's program, from the cache or from PATH; undefined when the machine has none. */
export function findServer(kind: ServerKind): string | undefined {
  const directories = [cacheDirectory(), ...(process.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')]
  return directories.map((directory) => join(directory, PROGRAMS[kind])).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
