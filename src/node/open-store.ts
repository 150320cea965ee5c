// Which store the table comes from: Redis when one is configured, with the table of the file in force until Redis has one; else the file.
import type { Config } from '../model/config.ts'
import type { Platform } from '../model/platform.ts'
import type { ParseTable, RouteStore } from '../model/store.ts'
import { loadLastGood, withLastGood } from '../store/last-good.ts'
import { tableStore } from '../store/table.ts'
import { fileUntilStored } from '../store/until-stored.ts'
import { lastGoodFile } from './store/disk.ts'
import { openFileStore } from './store/file.ts'
import { openRedisStore } from './store/redis.ts'

export interface OpenStoreOptions {
  /** Path of the configuration file; undefined when everything comes from Redis. */
  readonly file?: string
  readonly gatewayId: string
  /** Reads the table out of the configuration file. */
  readonly parseFile: ParseTable
  /** Reads a table from Redis; it never sees this process' environment. */
  readonly parseStored: ParseTable
}

/** Opens the store of a configuration; undefined when all routes come from tags. */
export async function openStore(config: Config, platform: Platform, options: OpenStoreOptions): Promise<RouteStore | undefined> {
  if (config.store === undefined) {
    if (options.file === undefined && config.routesFrom.length > 0) return undefined
    if (options.file === undefined) throw new Error('neither a file nor a Redis URL to take routes from')
    return openFileStore({ path: options.file, platform, parse: options.parseFile })
  }
  const disk = lastGoodFile(config.stateDir)
  const load = await loadLastGood(disk, options.parseStored, platform)
  const mark = load.loaded?.last.mark
  const { redis: url, prefix } = config.store
  const redis = openRedisStore({ url, prefix, gatewayId: options.gatewayId, platform, parse: options.parseStored, ...(mark === undefined ? {} : { resume: mark }) })
  const store = withLastGood(redis, load, disk, platform)
  // A last good table on disk is newer than the file: the store had one before.
  if (load.loaded !== undefined || config.table.routes.length === 0) return store
  const file = options.file === undefined ? tableStore(platform, config.table) : openFileStore({ path: options.file, platform, parse: options.parseFile })
  return fileUntilStored(file, store, platform)
}
