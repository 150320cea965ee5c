// The process log: one JSON line for each event on stderr, so that stdout stays for the access log.
import type { LogLevel } from '../model/platform.ts'
import type { LogSink } from './platform.ts'

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Writes events of `least` and above. */
export function stderrLog(least: LogLevel, role: string): LogSink {
  return (level, message, fields) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, role, message, ...fields })}\n`)
  }
}
