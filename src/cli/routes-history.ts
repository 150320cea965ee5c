// `fairlead routes history`: what was published to Redis, by whom, and which gateways run it.
import { listAcks } from '../node/store/acks.ts'
import { readLog, type Publication } from '../node/store/published.ts'
import { readPointer } from '../node/store/publish.ts'
import { readArguments } from './arguments.ts'
import { age } from './columns.ts'
import { UsageError, type CliIo, type ExitCode } from './io.ts'
import { readNumber, STORE_OPTIONS, withStore } from './store-options.ts'

export const HISTORY_USAGE = `usage: fairlead routes history --redis URL [options]
  --redis URL     where to look; default: environment variable FAIRLEAD_REDIS
  --prefix P      start of the keys, default fairlead
  --count N       publications to show, default 20
  --json          one JSON object as the result

example:
  fairlead routes history --redis redis://127.0.0.1:6379`

const OPTIONS = { ...STORE_OPTIONS, count: { type: 'string', default: '20' } } as const

export async function routesHistory(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, HISTORY_USAGE)
  if (positionals.length > 0) throw new UsageError(HISTORY_USAGE)
  const count = readNumber('--count', values.count, 1)
  return withStore(values, io, async ({ client, keys }) => {
    const { pointer } = await readPointer(client, keys)
    const log = await readLog(client, keys, count)
    const gateways = (await listAcks(client, keys)).map(({ ack, age: ageMs, live }) => ({ ...ack, ageMs, live }))
    if (values.json) {
      io.out(JSON.stringify({ current: pointer ?? null, publications: log, gateways }))
      return 0
    }
    if (log.length === 0) io.out('nothing was published under this prefix')
    for (const entry of log) io.out(lineOf(entry, entry.version === pointer?.version && entry.epoch === pointer.epoch, gateways.filter((gateway) => gateway.live && gateway.running === entry.version && gateway.epoch === entry.epoch).length))
    for (const { gateway, live, status, version, error, ageMs } of gateways) {
      if (!live) io.out(`${gateway}: last heard of ${age(ageMs)} ago`)
      else if (status === 'rejected') io.out(`${gateway}: rejected version ${version}: ${error}`)
    }
    return 0
  })
}

function lineOf({ version, at, by, note }: Publication, current: boolean, running: number): string {
  const parts = [`${current ? '*' : ' '} ${version}`, new Date(at).toISOString(), by, running === 0 ? '' : `on ${running} ${running === 1 ? 'gateway' : 'gateways'}`, note]
  return parts.filter((part) => part !== '').join('  ')
}
