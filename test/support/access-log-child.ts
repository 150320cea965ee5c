// A process of the access log test: writes lines to its stdout. Arguments: name, number of lines.
import { openAccessLog } from '../../src/node/access-log.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { accessJson } from '../../src/telemetry/access-json.ts'
import { accessRecord } from './access.ts'

const [, , name = '', lines = '0'] = process.argv
const log = await openAccessLog({ format: accessJson, to: 'stdout', platform: nodePlatform(() => undefined) })
for (let i = 0; i < Number(lines); i++) {
  log.write(accessRecord({ requestId: `${name}-${i}`, userAgent: 'x'.repeat(i % 700) }))
  if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
await log.close()
process.stderr.write(`${log.dropped}\n`)
process.exit(0)
