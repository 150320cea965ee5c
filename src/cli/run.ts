// `fairlead run FILE`: the gateway itself, a main process and its workers.
import { resolve } from 'node:path'
import process from 'node:process'
import { adapters } from '../../discovery/list.ts'
import { namesOfGateway } from '../config/names.ts'
import { parseConfig, type ParsedConfig, parseTable } from '../config/parse.ts'
import type { Config } from '../model/config.ts'
import { startAdmin } from '../node/admin/server.ts'
import { ControlPlane } from '../node/control-plane.ts'
import { Fleet } from '../node/fleet.ts'
import { stderrLog } from '../node/log.ts'
import { openStore } from '../node/open-store.ts'
import { nodePlatform } from '../node/platform.ts'
import { gatewayIdOf } from '../node/store/gateway-id.ts'
import { addressText } from '../proxy/view.ts'
import { readArguments } from './arguments.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'
import { findNeighbours } from './no-file.ts'
import { formatProblem } from './problem.ts'
import { readInput } from './read-input.ts'
import { restartNotice } from './restart-notice.ts'
import { runStore, type RunStore } from './run-store.ts'

export const RUN_USAGE = `usage: fairlead run [FILE] [options]
  FILE            configuration; without one a Consul agent is looked for at CONSUL_HTTP_ADDR or 127.0.0.1:8500, a Nomad
                  agent at NOMAD_ADDR or 127.0.0.1:4646, and every service that carries a route in its tags is served.
                  One that is not there yet is taken in when it comes. With a Redis none of this: routes come from there,
                  endpoints from a Consul agent on 127.0.0.1:8500
  --listen ADDR   without FILE: port or host:port to listen on, default 8080
  --admin ADDR    without FILE: port or host:port of the admin server, default 127.0.0.1:9990
  --redis URL     take the table from Redis; the one of FILE serves, and is watched, until Redis has one. Default: the
                  store of FILE, else the environment variable FAIRLEAD_REDIS
  --prefix P      start of the keys in Redis, default that of the store of FILE, else fairlead
  --workers N     worker processes, default one for each core
  --log LEVEL     debug, info, warn or error; default info

  SIGTERM and SIGINT drain and end, SIGHUP opens the access log anew.

example:
  fairlead run fairlead.yaml --workers 2
  fairlead run`

const OPTIONS = {
  listen: { type: 'string' },
  admin: { type: 'string' },
  redis: { type: 'string' },
  prefix: { type: 'string' },
  workers: { type: 'string' },
  log: { type: 'string', default: 'info' },
} as const

/** What a table from Redis is served with when there is no file. */
const FOR_REDIS = { registries: { consul: {} }, routes: [], allowEmpty: true }

export async function run(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, RUN_USAGE)
  const [file, ...more] = positionals
  if (more.length > 0) throw new UsageError(RUN_USAGE)
  if (file !== undefined && (values.listen !== undefined || values.admin !== undefined)) throw new UsageError(`--listen and --admin are for a start without a file; ${file} says where to listen\n${RUN_USAGE}`)
  const level = values.log
  if (level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error') throw new UsageError(`--log takes debug, info, warn or error\n${RUN_USAGE}`)
  const redis = file === undefined ? runStore(values, undefined, io.env) : undefined
  const { text, lookedFor = [] } = file === undefined ? await withoutFile(redis !== undefined, values, io) : { text: await readInput(file, io) }
  if (text === undefined) return 1
  const { config, gateway = {} } = readConfig(text, file, io)
  if (config === undefined) return 1
  return serve({ ...withOptions(config, values.workers), lookedFor }, gateway, redis ?? runStore(values, config.store, io.env), file, level)
}

/** A text of a configuration; undefined after it was said what is wrong. */
interface Text {
  readonly text?: string | undefined
  readonly lookedFor?: readonly string[]
}

/** A configuration for what may be beside the gateway. */
async function withoutFile(fromRedis: boolean, { listen = '8080', admin }: { readonly listen?: string | undefined; readonly admin?: string | undefined }, io: CliIo): Promise<Text> {
  const { document, lookedFor, lines } = fromRedis ? { document: { listen, ...FOR_REDIS }, lookedFor: [], lines: [] } : await findNeighbours(io.env, listen)
  for (const line of lines) io.err(line)
  if (document === undefined) return {}
  const [, host, port] = /^(?:(.+):)?(\d+)$/.exec(admin ?? '') ?? []
  if (admin !== undefined && port === undefined) throw new UsageError(`--admin takes a port or host:port\n${RUN_USAGE}`)
  // What stands in a variable is taken as it is.
  const text = JSON.stringify({ ...document, ...(port === undefined ? {} : { admin: { port: Number(port), ...(host === undefined ? {} : { host }) } }) }).replaceAll('${', '$${')
  return { text, lookedFor }
}

/** The configuration, which is missing after its problems were printed. */
function readConfig(text: string, file: string | undefined, io: CliIo): ParsedConfig {
  const read = parseConfig(text, { file: file === undefined ? '' : resolve(file), env: io.env, adapters })
  for (const problem of read.problems) io.err(formatProblem(problem, file ?? 'the default configuration'))
  return read
}

function withOptions(config: Config, workers: string | undefined): Config {
  const count = workers === undefined ? config.workers : Number(workers)
  if (!Number.isInteger(count) || count < 0 || count > 1024) throw new UsageError('--workers takes a whole number from 1 to 1024')
  return { ...config, workers: count }
}

async function serve(given: Config, written: Readonly<Record<string, unknown>>, redis: RunStore | undefined, file: string | undefined, level: 'debug' | 'info' | 'warn' | 'error'): Promise<ExitCode> {
  const platform = nodePlatform(stderrLog(level, 'main'))
  const config: Config = redis === undefined ? given : { ...given, store: redis.store }
  if (redis !== undefined) platform.log('info', `routes come from Redis at ${redis.where}`, { prefix: redis.store.prefix })
  const names = namesOfGateway(config, adapters)
  const place = file === undefined ? '' : resolve(file)
  const notice = restartNotice(written, place, platform.log)
  const store = await openStore(config, platform, {
    ...(file === undefined ? {} : { file }),
    gatewayId: gatewayIdOf(file ?? process.cwd()),
    parseFile: (text) => {
      const read = parseTable(text, { file: place, env: process.env, ofConfig: true, ...names })
      notice(read)
      return read
    },
    // Whoever writes Redis must not be able to read this process' environment.
    parseStored: (text) => parseTable(text, { file: '', ...names }),
  })
  const ended = Promise.withResolvers<void>()
  const control = new ControlPlane(config, platform, new Fleet(config.workers, platform), store, () => ended.resolve())
  const admin = await startAdmin(config.admin, control.source, platform)
  let asked = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (++asked > 1) process.exit(1)
      ended.resolve()
    })
  process.on('SIGHUP', () => control.reopenLogs())
  try {
    await control.start()
  } catch (error) {
    // A port that cannot be opened: the admin server and the registries must not keep a gateway alive that serves nothing.
    await control.stop(0)
    await admin.close()
    throw error
  }
  platform.log('info', 'serving', { listeners: control.ports, admin: `http://${addressText(config.admin.host, admin.port)}`, workers: control.source.workers().length, pid: process.pid })
  await ended.promise
  platform.log('info', 'draining', { limitMs: config.drainTimeout })
  await control.stop(config.drainTimeout)
  await admin.close()
  platform.log('info', 'ended', {})
  // Workers are gone and nothing is unsaved; what a library still holds open must not keep the process.
  process.exit(0)
}
