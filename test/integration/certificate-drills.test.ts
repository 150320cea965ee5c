// Failure drills of a listener's own secrets while load runs: a certificate or a key that cannot be used any more costs no request, and one
// that cannot be used at the start is not served without.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HealthAnswer } from '../../src/model/admin.ts'
import { messageOf } from '../../src/model/error.ts'
import { until } from '../support/drill/until.ts'
import { startGateway } from '../support/gateway.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { withoutPower } from '../support/without-power.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/tls/engine/', import.meta.url))
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const CA = readFileSync(join(FIXTURES, 'ca.pem'))

let temp: Awaited<ReturnType<typeof makeTempDirectory>>
let cert: string
let key: string
beforeEach(async () => {
  temp = await makeTempDirectory()
  cert = join(temp.directory, 'cert.pem')
  key = join(temp.directory, 'key.pem')
  await copyFile(join(FIXTURES, 'alpha.pem'), cert)
  await copyFile(join(FIXTURES, 'alpha-key.pem'), key)
})
afterEach(() => temp.remove())

const config = (): string => `
listeners: { secure: { port: 0, tls: { cert: ${cert}, key: ${key} } } }
routes: [ { match: /**, respond: { status: 200 } } ]
admin: { port: 0 }
`

/** As whoever renews both does it: each beside its place, then renamed. */
async function renew(name: string): Promise<void> {
  for (const [from, to] of [[`${name}-key`, key], [name, cert]] as const) {
    await writeFile(join(temp.directory, 'next'), await readFile(join(FIXTURES, `${from}.pem`)), { mode: 0o600 })
    await rm(to, { recursive: true, force: true })
    await rename(join(temp.directory, 'next'), to)
  }
}

test.each<readonly [what: string, spoil: () => unknown, fault: RegExp]>([
  ['a key that may not be read any more', () => chmod(key, 0), /key\.pem cannot be read: EACCES/],
  ['a certificate that may not be read any more', () => chmod(cert, 0), /cert\.pem cannot be read: EACCES/],
  ['a key that is gone', () => rm(key), /key\.pem cannot be read: ENOENT/],
  ['a directory in the place of the key', () => rm(key).then(() => mkdir(key)), /key\.pem cannot be read: EISDIR/],
  ['a certificate that is written by half', async () => writeFile(cert, (await readFile(cert, 'utf8')).slice(0, 300)), /cert\.pem holds no certificate in PEM that can be read/],
  ['an empty key', () => writeFile(key, ''), /key\.pem holds no private key in PEM that can be read/],
  ['the key of another certificate', () => copyFile(join(FIXTURES, 'beta-key.pem'), key), /key\.pem is not the key of the certificate in .*cert\.pem/],
])('%s: the last good certificate is shown until the next good one, no request is lost, and a gateway that starts says why it does not', (_, spoil, fault) =>
  withoutPower([temp.directory, cert, key], async () => {
    const gateway = await startGateway(config())
    const load = startTlsLoad(gateway.port('secure'))
    try {
      await load.shows('200 alpha')
      await spoil()
      await until('it is said', () => gateway.logs.some((line) => line.startsWith('error changed certificates cannot be used, the running ones stay') && fault.test(line)))
      await load.shows('200 alpha')
      const refused = await startGateway(config()).then(() => '', messageOf)
      expect(refused).toMatch(/^listener secure: /)
      expect(refused).toMatch(fault)
      await load.shows('200 alpha')
      await renew('renewed')
      await load.shows('200 renewed')
    } finally {
      await load.stop()
      await gateway.stop()
    }
    expect([...new Set(load.results)]).toEqual(['200 alpha', '200 renewed'])
  }))

test('a gateway whose workers cannot use a certificate at the start ends, with the listener and the file', async () => {
  const file = join(temp.directory, 'gateway.yaml')
  await writeFile(file, config())
  await copyFile(join(FIXTURES, 'beta-key.pem'), key)
  const { code, stderr } = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, 'run', '--workers', '1', file], (error, _, said) => resolve({ code: error?.code, stderr: said }))
  })
  expect({ code, said: stderr.trim().split('\n').at(-1) }).toEqual({ code: 1, said: `fairlead: listener secure: ${key} is not the key of the certificate in ${cert}` })
})

test('a worker that dies while the key cannot be used is replaced once it can, and another one serves until then', async () => {
  const file = join(temp.directory, 'gateway.yaml')
  await writeFile(file, config())
  const run = spawn(process.execPath, [MAIN, 'run', '--workers', '2', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(run, 'exit')
  const lines: Record<string, unknown>[] = []
  createInterface({ input: run.stderr }).on('line', (line) => void lines.push(JSON.parse(line) as Record<string, unknown>))
  let load: TlsLoad | undefined
  const said = (message: string): Promise<Record<string, unknown>> => until(message, () => lines.find((line) => line['message'] === message), () => JSON.stringify(lines.slice(-5)))
  try {
    const { listeners, admin } = (await said('serving')) as { readonly listeners: { readonly secure: number }; readonly admin: string }
    const workers = async (): Promise<readonly number[]> => {
      const { workers: all } = (await (await fetch(`${admin}/api/health`)).json()) as HealthAnswer
      return all.filter(({ state }) => state === 'running').map(({ pid }) => pid)
    }
    const [first = 0] = await until('both serve', async () => {
      const all = await workers()
      return all.length === 2 && all
    })
    await copyFile(join(FIXTURES, 'beta-key.pem'), key)
    process.kill(first, 'SIGKILL')
    expect((await said('a worker could not be replaced, trying again'))['error']).toBe(`listener secure: ${key} is not the key of the certificate in ${cert}`)
    // Those that were the dead one's have had their end by now.
    load = startTlsLoad(listeners.secure)
    await load.shows('200 alpha')
    await renew('renewed')
    await until('there are two again', async () => (await workers()).length === 2)
    await load.shows('200 renewed')
    await load.stop()
    expect([...new Set(load.results)].toSorted()).toEqual(['200 alpha', '200 renewed'])
  } finally {
    await load?.stop()
    run.kill('SIGTERM')
    await ended
  }
})

interface TlsLoad {
  /** Status and name in the certificate of each answer, or what went wrong. */
  readonly results: readonly string[]
  /** Waits until ten further answers in a row are this. */
  shows(wanted: string): Promise<void>
  stop(): Promise<void>
}

/** Two clients that never rest: one makes a connection for each request, the other one keeps its own while the gateway lets it. */
function startTlsLoad(port: number): TlsLoad {
  const results: string[] = []
  const end = new AbortController()
  const kept = new Agent({ keepAlive: true, maxCachedSessions: 0 })
  const fresh: string[] = []
  const run = async (agent: Agent | false): Promise<void> => {
    while (!end.signal.aborted) {
      const result = await ask(port, agent)
      results.push(result)
      if (agent === false) fresh.push(result)
      await sleep(10)
    }
  }
  const running = [run(false), run(kept)]
  return {
    results,
    async shows(wanted) {
      const from = fresh.length
      await until(`new connections are shown ${wanted}`, () => fresh.length >= from + 10 && fresh.slice(-10).every((each) => each === wanted), () => fresh.slice(-10).join())
    },
    async stop() {
      end.abort()
      await Promise.all(running)
      kept.destroy()
    },
  }
}

function ask(port: number, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, ca: CA, checkServerIdentity: () => undefined, headers: { host: 'a.test' }, agent, signal: AbortSignal.timeout(20_000) }, (response) => {
      const { CN } = (response.socket as TLSSocket).getPeerCertificate().subject
      response.resume().on('end', () => resolve(`${response.statusCode} ${String(CN)}`))
    })
    asked.on('error', (error) => resolve(messageOf(error)))
  })
}
