// `npm start`: three services, the gateway before them, what to try, and live counts until Ctrl-C.
//   --traffic   sends some requests of its own
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/model/error.ts'
import { startGateway, untilReady, type GatewayProcess } from './gateway-process.ts'
import { showCounts, type LiveCounts } from './live-counts.ts'
import { freePort } from './port.ts'
import { capitalizer, listen, simon, words } from './services.ts'
import { startTraffic } from './traffic.ts'
import { whatToTry } from './what-to-try.ts'

const { values } = parseArgs({ options: { traffic: { type: 'boolean', default: false } } })
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

// Asked for before anything is started, so that Ctrl-C never leaves something behind.
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  // An npm that was killed cannot pass a signal on.
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && resolve(), 1000).unref()
})

const port = await freePort(8080)
const adminPort = await freePort(9990, [port])
for (const [wanted, got] of [[8080, port], [9990, adminPort]]) if (wanted !== got) say(`port ${wanted} is in use, taking ${got}`)

const services = await Promise.all([words('v1'), words('v1', true), words('v2, the canary'), capitalizer, simon(port)].map(listen))
const [wordsA, wordsB, wordsV2, capitals, simonSays] = services.map((service) => String(service.port))
const stateDir = await mkdtemp(join(tmpdir(), 'fairlead-demo-'))
const admin = `http://127.0.0.1:${adminPort}`
const logged: string[] = []
let counts: LiveCounts | undefined
const gateway = startGateway(
  {
    DEMO_PORT: String(port),
    DEMO_ADMIN_PORT: String(adminPort),
    DEMO_STATE_DIR: stateDir,
    DEMO_WORDS_A: wordsA ?? '',
    DEMO_WORDS_B: wordsB ?? '',
    DEMO_WORDS_V2: wordsV2 ?? '',
    DEMO_CAPITALIZER: capitals ?? '',
    DEMO_SIMON: simonSays ?? '',
  },
  (line) => (counts === undefined ? logged.push(line) : counts.print(readable(line))),
)
const code = await serve(gateway)
for (const { server } of services) {
  server.close()
  server.closeAllConnections()
}
await rm(stateDir, { recursive: true, force: true })
process.exit(code)

/** Runs until Ctrl-C (0) or until the gateway ends by itself (1). */
async function serve({ ended, stop }: GatewayProcess): Promise<number> {
  try {
    const ready = await Promise.race([untilReady(admin, ended).then(() => true), interrupted.then(() => false)])
    if (!ready) return 0
    for (const line of whatToTry(port, adminPort)) say(line)
    counts = showCounts(admin, process.stdout)
    const traffic = values.traffic ? startTraffic(port) : undefined
    const end = await Promise.race([ended, interrupted])
    traffic?.stop()
    counts.stop()
    counts = undefined
    if (end === undefined) return 0
    throw new Error(`the gateway ended by itself (${end})`)
  } catch (error) {
    for (const line of logged) process.stderr.write(`${line}\n`)
    process.stderr.write(`${messageOf(error)}\n`)
    return 1
  } finally {
    await stop()
  }
}

/** A line of the gateway's log for people: `gateway: warn: a table was refused, {…}`. */
function readable(line: string): string {
  try {
    const { time: _time, role: _role, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>
    return `gateway: ${String(level)}: ${String(message)}${Object.keys(fields).length === 0 ? '' : `, ${JSON.stringify(fields)}`}`
  } catch {
    return `gateway: ${line}`
  }
}
