// The job specs as far as they go without Nomad: the gateway runs with the configuration of its job, in the environment of a
// task, with the double of Nomad behind the task's socket, and the demo's services are processes as their job starts them.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePorts } from '../support/server-process.ts'
import { serveNomad, type ServedNomad } from '../support/serve-nomad.ts'
import type { Row } from '../support/fake-nomad.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const IDENTITY = 'header.claims.signature'

/** A group of the demo's job: what of its spec matters to the gateway and to its task. */
interface Group {
  readonly name: string
  readonly count: number
  readonly service: string
  readonly tags: readonly string[]
  readonly args: readonly string[]
}

function groupsOf(spec: string): readonly Group[] {
  return [...spec.matchAll(/\n {2}group "([^"]+)" \{([^]*?)\n {2}\}/g)].map(([, name = '', body = '']) => {
    expect(/provider = "([^"]+)"/.exec(body)?.[1]).toBe('nomad')
    return {
      name,
      count: Number(/count = (\d+)/.exec(body)?.[1] ?? 0),
      service: /service \{\s+name\s+= "([^"]+)"/.exec(body)?.[1] ?? '',
      tags: JSON.parse(/\n\s+tags\s+= (\[.*\])/.exec(body)?.[1] ?? '[]') as string[],
      args: JSON.parse(/\n\s+args\s+= (\[.*\])/.exec(body)?.[1] ?? '[]') as string[],
    }
  })
}

let directory = ''
let nomad: ServedNomad
let gateway = 0
const tasks: ChildProcess[] = []
const rows = new Map<string, Row[]>()

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const task = spawn(process.execPath, args, { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  tasks.push(task)
  return task
}

function get(host: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: gateway, path: '/say', headers: { host, ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    outgoing.on('error', reject).end()
  })
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairlead-job-'))
  const secrets = join(directory, 'secrets')
  const [port = 0, admin = 0, ...ports] = await freePorts(8)
  gateway = port
  await mkdir(secrets)
  await writeFile(join(secrets, 'nomad_token'), IDENTITY)
  nomad = await serveNomad({ socketPath: join(secrets, 'api.sock') })
  nomad.registry.acl({ [IDENTITY]: ['default'] })
  for (const group of groupsOf(await readFile(join(ROOT, 'nomad/demo.nomad.hcl'), 'utf8'))) {
    for (let n = 0; n < group.count; n++) {
      const own = String(ports.shift())
      const values: Readonly<Record<string, string>> = { 'var.checkout': ROOT.replace(/\/$/, ''), NOMAD_IP_http: '127.0.0.1', NOMAD_PORT_http: own }
      // The port of the gateway is the only thing that a test must choose.
      start(group.args.map((arg) => arg.replace(/\$\{([^}]+)\}/g, (_, name: string) => values[name] ?? '').replace(/^8080$/, String(gateway))))
      rows.set(group.service, [...(rows.get(group.service) ?? []), { id: `${group.name}-${n}`, address: '127.0.0.1', port: Number(own), tags: group.tags }])
    }
  }
  for (const [service, registered] of rows) nomad.registry.put(service, registered)
  const spec = await readFile(join(ROOT, 'nomad/gateway.nomad.hcl'), 'utf8')
  const config = (/<<-YAML\n([^]*?)\n\s*YAML/.exec(spec)?.[1] ?? '').replaceAll('$${', '${').replace(/^( *)listen: 8080$/m, `$1listen: ${gateway}\n$1admin: { port: ${admin} }`)
  await writeFile(join(directory, 'fairlead.yaml'), config)
  start(['src/cli/main.ts', 'run', join(directory, 'fairlead.yaml')], { NOMAD_SECRETS_DIR: secrets, STATE_DIR: join(directory, 'data') })
  await vi.waitFor(async () => expect(await get('simon.local')).toMatch(/^200 /), { timeout: 45_000, interval: 100 })
})

afterAll(async () => {
  for (const task of tasks) if (task.kill('SIGTERM')) await once(task, 'exit')
  await nomad.stop()
  await rm(directory, { recursive: true, force: true })
})

test('simon says a word through the gateway, which knows all three services from Nomad', async () => {
  expect(await get('simon.local')).toMatch(/^200 Simon says: [A-Z]+ \(words v[12](, the canary)?\)\n$/)
  expect(nomad.registry.seen.every(({ token }) => token === IDENTITY)).toBe(true)
})

test('testers get the canary', async () => {
  for (let n = 0; n < 5; n++) expect(await get('words.local', { 'x-user': 'tester-1' })).toContain('(words v2, the canary)')
})

test('the check of the gateway’s own job is answered', async () => {
  expect(await get('anything.local')).toMatch(/^404 /)
  const answer = await fetch(`http://127.0.0.1:${gateway}/-/alive`)
  expect(`${answer.status} ${await answer.text()}`).toBe('200 ok\n')
})
