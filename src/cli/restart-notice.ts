// A file is watched for its table. What it says of the gateway itself comes into force with the next start, and whoever edits
// it must hear that: nothing else shows it.
import type { LogLevel } from '../model/platform.ts'
import type { ParsedTable } from '../model/store.ts'
import { sameJson } from '../store/table-hash.ts'

type GatewayPart = Readonly<Record<string, unknown>>
type Log = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void

/** Gives what each reading of the file is shown to. It logs a line when other keys than before differ from what the gateway was started with. */
export function restartNotice(started: GatewayPart, file: string, log: Log): (read: ParsedTable) => void {
  let told = ''
  return ({ table, gateway }) => {
    // A text that cannot be read says nothing; one with a table alone has taken back all the rest.
    const now = gateway ?? (table === undefined ? undefined : {})
    if (now === undefined) return
    const keys = [...new Set([...Object.keys(started), ...Object.keys(now)])].filter((key) => !sameJson(started[key], now[key])).sort()
    const found = keys.join(' ')
    if (found === told) return
    told = found
    // Names alone: the values may hold secrets.
    if (keys.length > 0) log('warn', 'the file says something else of the gateway than at its start; that takes a restart', { file, keys })
    else log('info', 'the file says of the gateway what it said at its start', { file })
  }
}
