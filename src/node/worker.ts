// One worker process: a data plane that does what the main process tells it.
import process from 'node:process'
import type { AccessRecord } from '../model/access.ts'
import { type GatewayError, messageOf } from '../model/error.ts'
import { createInstruments } from '../telemetry/instruments.ts'
import { accessFormats } from '../telemetry/list.ts'
import { type AccessLog, openAccessLog } from './access-log.ts'
import { DataPlane } from './data-plane.ts'
import { createLiveExplain } from '../proxy/signed-explain.ts'
import { stderrLog } from './log.ts'
import type { FromWorker, ToWorker, WholeTable, WorkerOptions } from './messages.ts'
import { nodePlatform } from './platform.ts'
import { refusedAccess } from '../proxy/refused-access.ts'
import { Told } from './told.ts'

const platform = nodePlatform(stderrLog('info', `worker ${process.pid}`))
const instruments = createInstruments()
const told = new Told()
let options: WorkerOptions | undefined
let plane: DataPlane | undefined
let log: AccessLog | undefined
/** Messages are taken one after another: a table that comes while listeners open waits its turn. */
let turn: Promise<void> = Promise.resolve()

function say(message: FromWorker): void {
  if (process.connected) process.send?.(message)
}

/** Handles one message; what goes wrong ends this worker, and the main process starts another. */
async function take(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'start':
      return start(message)
    case 'table-part':
      return told.takeTablePart(message)
    case 'sets-part':
      return told.takeSetsPart(message)
    case 'table':
      return useTable(message)
    case 'set-part':
      return told.takeSetPart(message)
    case 'set': {
      const set = told.takeSet(message)
      return set && plane?.useSet(message.ref, set)
    }
    case 'listen':
      return listen()
    case 'report':
      return plane && say({ kind: 'report', dump: instruments.export({ ...plane.live(), accessLogDropped: log?.dropped ?? 0 }) })
    case 'ping':
      return say({ kind: 'pong' })
    case 'reopen':
      return log?.reopen()
    case 'drain':
      return stop(message.limit)
  }
}

async function start(given: WorkerOptions): Promise<void> {
  const { accessLog, explainSecret, zone } = given
  options = given
  try {
    log = accessLog.format === 'off' ? undefined : await openAccessLog({ format: formatOf(accessLog.format), to: accessLog.to, platform })
  } catch (error) {
    return say({ kind: 'failed', message: `the access log ${accessLog.to} cannot be opened: ${messageOf(error)}; correct accessLog.to` })
  }
  const record = (access: AccessRecord): void => {
    instruments.record(access)
    log?.write(access)
  }
  plane = new DataPlane({
    platform,
    record,
    // Not a request yet, so not among the requests; but a person looks for it in the log.
    onRefused: (listener: string, client: string, error: GatewayError) => {
      instruments.refuse(listener, error.reason)
      log?.write(refusedAccess(listener, client, error, platform.wallClock()))
    },
    ...(zone === undefined ? {} : { zone }),
    ...(explainSecret === undefined ? {} : { explain: createLiveExplain(explainSecret, platform) }),
  })
}

function useTable(message: WholeTable): void {
  const { config, sets } = told.takeTable(message)
  plane?.useTable(config, message.revision, sets)
  retain(config)
  say({ kind: 'applied', revision: message.revision.number })
}

async function listen(): Promise<void> {
  if (plane === undefined || options === undefined) return
  try {
    const ports: Record<string, number> = {}
    for (const listener of options.listeners) ports[listener.name] = await plane.listen(listener, options.reusePort)
    say({ kind: 'listening', ports })
  } catch (error) {
    say({ kind: 'failed', message: messageOf(error) })
  }
}

/** Series of removed routes and services go. */
function retain(config: { readonly routes: readonly { readonly name: string }[] }): void {
  const services = new Set(plane?.snapshot.table.routes.flatMap(({ destinations }) => destinations.map(({ label }) => label)))
  instruments.retain(new Set(config.routes.map(({ name }) => name)), services)
}

function formatOf(name: string): (typeof accessFormats)[number] {
  const format = accessFormats.find((each) => each.name === name)
  if (format === undefined) throw new Error(`no access log format ${name}`)
  return format
}

async function stop(limit: number): Promise<void> {
  await plane?.stop(limit)
  await log?.close()
  process.exit(0)
}

process.on('message', (message: ToWorker) => {
  // Not behind what waits: a scrape must be answered while listeners drain.
  if (message.kind === 'report' || message.kind === 'ping') return void take(message)
  turn = turn.then(() => take(message))
})
// The main process is gone without a word: nobody would tell this worker anything any more.
process.on('disconnect', () => void stop(5000))
// A signal to the whole group is the main process's to act on.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('SIGHUP', () => {})
