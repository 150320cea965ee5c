// `fairlead routes rollback N`: publish the table of an earlier version again. It becomes a new version, so that numbers only
// grow and every reader follows without being told that going back is meant.
import { readVersion } from '../node/store/published.ts'
import { readArguments } from './arguments.ts'
import { fail, UsageError, type CliIo, type ExitCode } from './io.ts'
import { publishTable } from './publish-table.ts'
import { readNumber, readTimeout, STORE_OPTIONS, whoAmI, withStore } from './store-options.ts'

export const ROLLBACK_USAGE = `usage: fairlead routes rollback VERSION --redis URL [options]
  VERSION         whose table to publish again; see fairlead routes history
  --redis URL     where to publish; default: environment variable FAIRLEAD_REDIS
  --prefix P      start of the keys, default fairlead
  --note TEXT     kept in the log, default "rollback to version VERSION"
  --by NAME       who publishes, default user@host
  --timeout 10s   longest wait for the gateways; 0s does not wait
  --json          one JSON object as the result

example:
  fairlead routes rollback 12 --redis redis://127.0.0.1:6379`

const OPTIONS = { ...STORE_OPTIONS, note: { type: 'string' }, by: { type: 'string' }, timeout: { type: 'string', default: '10s' } } as const

export async function routesRollback(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, ROLLBACK_USAGE)
  const [wanted, ...more] = positionals
  if (wanted === undefined || more.length > 0) throw new UsageError(ROLLBACK_USAGE)
  const version = readNumber('VERSION', wanted, 1)
  const timeout = readTimeout(values.timeout)
  return withStore(values, io, async (access) => {
    const read = await readVersion(access.client, access.keys, version)
    if ('problem' in read) return fail(io, values.json, `nothing was published: ${read.problem}`)
    const note = values.note ?? `rollback to version ${version}`
    return publishTable(access, { text: read.text, by: values.by ?? whoAmI(io), note, timeout, json: values.json }, io)
  })
}
