// Routes from tags through a real gateway: Nomad at the level of its wire, a file beside the tags, and a start without a file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { RoutesAnswer } from '../../src/model/admin.ts'
import { becomes, get } from '../support/drill/ask.ts'
import { startBackend, type Backend } from '../support/drill/backend.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { runWithoutFile } from '../support/run-without-file.ts'
import { serveConsul } from '../support/serve-consul.ts'
import { serveNomad, type ServedNomad } from '../support/serve-nomad.ts'
import { freePorts } from '../support/server-process.ts'
import { makeTempDirectory } from '../support/temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let backend: Backend
let nomad: ServedNomad
const closing: (() => Promise<void>)[] = []
beforeAll(async () => {
  backend = await startBackend('a', () => {})
})
afterAll(() => backend.kill())
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function registry(): Promise<ServedNomad> {
  nomad = await serveNomad()
  closing.push(() => nomad.stop())
  return nomad
}

async function gateway(more: object, directory?: string): Promise<DrillGateway> {
  const made = directory === undefined ? await makeTempDirectory() : { directory, remove: async () => {} }
  closing.push(made.remove)
  const running = await startDrillGateway({ listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: made.directory, ...more }, 5, () => {})
  closing.push(() => running.stop())
  return running
}

const row = (...tags: string[]) => ({ id: 'one', address: '127.0.0.1', port: backend.port, tags })
const nomadOptions = () => ({ registries: { nomad: { address: `http://${nomad.address}`, checks: false } }, routesFrom: 'nomad' })

test('services of Nomad are served by their tags, each dialect, live', async () => {
  const { registry: fake } = await registry()
  fake.put('words', [row('fairlead.route=words.test/**', 'fairlead.weight=3')])
  fake.put('plain', [row('v1')])
  const running = await gateway(nomadOptions())
  await becomes(() => get(running.port, 'words.test'), '200 a')
  fake.put('words', [row('traefik.enable=true', 'traefik.http.routers.w.rule=Host(`t.test`) && PathPrefix(`/t`)', 'urlprefix-f.test/')])
  await becomes(async () => Promise.all([get(running.port, 't.test', '/t'), get(running.port, 'f.test'), get(running.port, 'words.test')]), ['200 a', '200 a', '404 no_route'])
  fake.put('plain', [row('fairlead.route={')])
  await becomes(async () => (await running.admin<RoutesAnswer>('/api/routes')).refusedTags.map(({ service, registry, tag }) => `${service} ${registry} ${tag}`), ['plain nomad fairlead.route={'])
  // The tag of weights that Nomad needs is none of a route.
  expect((await running.admin<RoutesAnswer>('/api/routes')).routes.map(({ name }) => name).sort()).toEqual(['w@nomad', 'words:f.test/@nomad'])
})

test('a restart while the registry is down serves what was known', async () => {
  const { registry: fake } = await registry()
  fake.put('words', [row('fairlead.route=words.test/**')])
  const { directory, remove } = await makeTempDirectory()
  closing.push(remove)
  const first = await gateway(nomadOptions(), directory)
  await becomes(() => get(first.port, 'words.test'), '200 a')
  await first.stop()
  closing.pop()
  await nomad.stop()
  const second = await gateway(nomadOptions(), directory)
  await becomes(() => get(second.port, 'words.test'), '200 a')
  expect((await second.admin<RoutesAnswer>('/api/routes')).catalogs).toMatchObject([{ registry: 'nomad', mode: 'stale', services: 1 }])
  expect(await second.metrics()).toContain('fairlead_catalog_services{registry="nomad"} 1')
})

test('services of several namespaces keep their names in a restart while the registry is down', async () => {
  const { registry: fake } = await registry()
  fake.put('words', [row('fairlead.route=words.test/**')], { namespace: 'shop' })
  const { directory, remove } = await makeTempDirectory()
  closing.push(remove)
  const options = { registries: { nomad: { address: `http://${nomad.address}`, checks: false, namespaces: ['default', 'shop'] } }, routesFrom: 'nomad' }
  const names = async (running: DrillGateway): Promise<readonly string[]> => (await running.admin<RoutesAnswer>('/api/routes')).routes.map(({ name }) => name)
  const first = await gateway(options, directory)
  await becomes(() => names(first), ['shop/words@nomad'])
  await first.stop()
  closing.pop()
  await nomad.stop()
  const second = await gateway(options, directory)
  await becomes(() => get(second.port, 'words.test'), '200 a')
  expect(await names(second)).toEqual(['shop/words@nomad'])
})

/** A Consul with two services, each with an instance that is the backend of its name. */
async function consulWith(services: Readonly<Record<string, readonly string[]>>) {
  const consul = await serveConsul()
  closing.push(() => consul.stop())
  const backends: Record<string, Backend> = {}
  for (const name of Object.keys(services)) {
    const own = (backends[name] = await startBackend(name, () => {}))
    closing.push(async () => own.kill())
  }
  const put = (names: readonly string[]): void => {
    for (const [name, tags] of Object.entries(services)) consul.registry.put(name, names.includes(name) ? [{ id: name, address: '127.0.0.1', port: backends[name]?.port ?? 0, tags }] : [])
    consul.registry.putCatalog({ consul: [], ...Object.fromEntries(names.map((name) => [name, services[name] ?? []])) })
  }
  put(Object.keys(services))
  return { consul, put, options: { registries: { consul: { address: `http://${consul.address}` } }, routesFrom: 'consul' } }
}

test('a service that was deregistered does not come back as a route in a restart while the registry is down', async () => {
  const { consul, put, options } = await consulWith({ v1: ['fairlead.route=words.test/**'], v2: ['fairlead.route=words.test/**'] })
  const { directory, remove } = await makeTempDirectory()
  closing.push(remove)
  const first = await gateway(options, directory)
  await becomes(() => get(first.port, 'words.test'), '200 v1')
  put(['v2'])
  await becomes(() => get(first.port, 'words.test'), '200 v2')
  await first.stop()
  closing.pop()
  await consul.stop()
  const second = await gateway(options, directory)
  await becomes(() => get(second.port, 'words.test'), '200 v2')
  expect((await second.admin<RoutesAnswer>('/api/routes')).catalogs).toMatchObject([{ registry: 'consul', services: 1 }])
})

test('a service that vanishes from the catalogue and comes back is served meanwhile', async () => {
  const { put, options } = await consulWith({ words: ['fairlead.route=words.test/**'], other: ['fairlead.route=other.test/**'] })
  const running = await gateway(options)
  await becomes(() => get(running.port, 'words.test'), '200 words')
  put(['other'])
  await becomes(async () => (await running.admin<RoutesAnswer>('/api/routes')).catalogs?.[0]?.services, 1)
  // Faster time: the hold of 30 s lasts for 6.
  for (const until = Date.now() + 3000; Date.now() < until; ) expect(await get(running.port, 'words.test')).toBe('200 words')
  put(['words', 'other'])
  await becomes(async () => (await running.admin<RoutesAnswer>('/api/routes')).catalogs?.[0]?.services, 2)
  expect(await get(running.port, 'words.test')).toBe('200 words')
  put(['other'])
  await becomes(() => get(running.port, 'words.test'), '404 no_route')
  expect(await get(running.port, 'other.test')).toBe('200 other')
})

test('a node that misses its heartbeat takes no route along, and a job that is stopped takes its own at once', async () => {
  const { registry: fake } = await registry()
  fake.put('other', [row('fairlead.route=other.test/**')])
  fake.put('words', [row('fairlead.route=words.test/**')])
  const running = await gateway(nomadOptions())
  const listed = async (): Promise<number | undefined> => (await running.admin<RoutesAnswer>('/api/routes')).catalogs?.[0]?.services
  await becomes(() => get(running.port, 'words.test'), '200 a')
  // Nomad removes the registrations of a node that is silent, as a part of another write.
  fake.put('words', [], { removal: 'NodeUpdateStatus' })
  await becomes(listed, 1)
  for (const until = Date.now() + 1500; Date.now() < until; ) expect(await get(running.port, 'words.test')).toBe('200 a')
  fake.put('words', [row('fairlead.route=words.test/**')])
  await becomes(listed, 2)
  expect(await get(running.port, 'words.test')).toBe('200 a')
  fake.put('words', [])
  await becomes(() => get(running.port, 'words.test'), '404 no_route', 2000)
})

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ readonly code: number; readonly said: string }> {
  const { directory, remove } = await makeTempDirectory()
  closing.push(remove)
  const child = spawn(process.execPath, [MAIN, 'run', ...args], { cwd: directory, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number]>])
  return { code, said }
}

test('a file with routes and tags: the file is watched, and its routes stay first', async () => {
  const { registry: fake } = await registry()
  fake.put('words', [row('fairlead.route=words.test/**', 'fairlead.routes.same=file.test/**')])
  const { directory, remove } = await makeTempDirectory()
  closing.push(remove)
  const [port = 0, admin = 0] = await freePorts(2)
  const file = join(directory, 'fairlead.yaml')
  const written = (body: string): string => JSON.stringify({ listen: `127.0.0.1:${port}`, admin: { port: admin }, ...nomadOptions(), workers: 1, ...(body === '' ? {} : { routes: [{ match: 'file.test/**', respond: { body } }] }) })
  await writeFile(file, written(''))
  const child = spawn(process.execPath, [MAIN, 'run', file], { cwd: directory, env: { PATH: process.env['PATH'] }, stdio: 'ignore' })
  closing.push(async () => {
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  })
  await becomes(() => get(port, 'file.test').catch(() => ''), '200 a')
  await writeFile(file, written('from the file'))
  await becomes(() => get(port, 'file.test'), '200 from the file')
  await writeFile(file, '{ "routes": 7')
  await becomes(async () => ((await (await fetch(`http://127.0.0.1:${admin}/api/routes?limit=0`)).json()) as RoutesAnswer).rejected.length, 1)
  expect([await get(port, 'file.test'), await get(port, 'words.test')]).toEqual(['200 from the file', '200 a'])
})

test('a Nomad that comes after the gateway is taken in, and not spoken of before where it was only looked for', async () => {
  const { options } = await consulWith({ words: ['fairlead.route=words.test/**'] })
  const { directory, remove } = await makeTempDirectory()
  closing.push(remove)
  const socket = join(directory, 'nomad.sock')
  const running = await startDrillGateway({ ...options, listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: directory, registries: { ...options.registries, nomad: { address: `unix:${socket}`, checks: false } }, routesFrom: ['consul', 'nomad'] }, 10, () => {}, ['nomad'])
  closing.push(() => running.stop())
  await becomes(() => get(running.port, 'words.test'), '200 words')
  const catalogs = async (): Promise<readonly string[]> => (await running.admin<RoutesAnswer>('/api/routes')).catalogs.map(({ registry, mode }) => `${registry} ${mode}`)
  expect(await catalogs()).toEqual(['consul live'])
  const late = await serveNomad({ socketPath: socket })
  closing.push(() => late.stop())
  late.registry.put('shop', [row('fairlead.route=shop.test/**')])
  await becomes(() => get(running.port, 'shop.test'), '200 a')
  expect(await catalogs()).toEqual(['consul live', 'nomad live'])
})

test('options of a start without a file are refused beside one, and checked', async () => {
  const [port = 0] = await freePorts(1)
  expect((await run(['x.yaml', '--listen', String(port)], {})).said).toContain('for a start without a file')
  expect((await run(['--admin', 'nonsense'], { NOMAD_ADDR: `127.0.0.1:${port}` })).said).toContain('--admin takes a port')
})

test('without a file it finds a Nomad agent', async () => {
  const { registry: fake } = await registry()
  fake.put('words', [row('fairlead.route=words.test/**')])
  const [none = 0] = await freePorts(1)
  const { port, said, stop } = await runWithoutFile({ NOMAD_ADDR: nomad.address, CONSUL_HTTP_ADDR: `127.0.0.1:${none}` })
  closing.push(stop)
  // The Consul that the environment names does not answer; nobody waits for it.
  await becomes(() => get(port, 'words.test').catch(() => ''), '200 a')
  expect(said()).toContain(`found a Nomad agent at http://${nomad.address} (NOMAD_ADDR)`)
  expect(said()).toContain(`no answer from a Consul agent at http://127.0.0.1:${none} (CONSUL_HTTP_ADDR)`)
})
