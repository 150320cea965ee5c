// `fairlead run` with a file beside a real Redis: whose table serves, and until when.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { publish } from '../../src/node/store/publish.ts'
import { freePorts } from '../support/server-process.ts'
import { describeWithServers } from '../support/servers.ts'
import { startRedis } from '../support/servers/redis.ts'
import { publisher } from '../support/store-drill.ts'
import { makeTempDirectory } from '../support/temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const WAIT = { interval: 20, timeout: 15_000 }
/** Ended after each test, the last first. */
let ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  ends = []
})

const table = (body: string): string => `routes: [{ match: /**, respond: { body: ${body} } }]\n`

describeWithServers(['redis'], 'a file beside Redis', () => {
  it.each([
    ['that the environment names', (url: string) => ({ FAIRLEAD_REDIS: url }), () => '', 'FAIRLEAD_REDIS'],
    ['of the file, whatever the environment names', () => ({ FAIRLEAD_REDIS: 'redis://127.0.0.1:1' }), (url: string) => `store: { redis: '${url}' }\n`, 'store in the file'],
  ])('serves and is watched until the Redis %s has a table', async (_which, envOf, storeOf, by) => {
    const server = await startRedis()
    ends.push(server.stop)
    const { directory, remove } = await makeTempDirectory()
    ends.push(remove)
    const [port = 0] = await freePorts(1)
    const file = join(directory, 'fairlead.yaml')
    const write = (body: string): Promise<void> => writeFile(file, `listen: 127.0.0.1:${port}\nadmin: { port: 0 }\nworkers: 1\n${storeOf(server.url)}${table(body)}`)
    await write('one')
    const gateway = run(file, directory, envOf(server.url))
    const served = (): Promise<string> => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), () => '')
    await expect.poll(served, WAIT).toBe('one')
    expect(gateway.said()).toContain(`routes come from Redis at ${server.address} (${by})`)
    await write('two')
    await expect.poll(served, WAIT).toBe('two')

    const client = publisher(server.url)
    ends.push(client.close)
    await publish({ client, prefix: 'fairlead', text: table('stored'), by: 'test', note: '' })
    await expect.poll(served, WAIT).toBe('stored')
    expect(gateway.said()).toContain('that of the file serves no more')
    await write('three')
    await publish({ client, prefix: 'fairlead', text: table('later'), by: 'test', note: '' })
    await expect.poll(served, WAIT).toBe('later')
  })
})

function run(file: string, cwd: string, env: Readonly<Record<string, string>>): { said(): string } {
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'run', file], { cwd, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk) => (said += String(chunk)))
  ends.push(async () => {
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  })
  return { said: () => said }
}
