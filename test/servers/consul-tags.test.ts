// Routes from tags against a real Consul: `fairlead run` without a file, tags that change live, and no lost request while they do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { RoutesAnswer } from '../../src/model/admin.ts'
import { becomes, get } from '../support/drill/ask.ts'
import { startBackend, type Backend } from '../support/drill/backend.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { startLoad } from '../support/drill/load.ts'
import { runWithoutFile } from '../support/run-without-file.ts'
import { freePorts } from '../support/server-process.ts'
import { startConsul } from '../support/servers/consul.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

describeWithServers(['consul'], 'routes from the tags of a real Consul', () => {
  let server: Awaited<ReturnType<typeof startConsul>>
  const backends = new Map<string, Backend>()
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    server = await startConsul()
    for (const name of ['a', 'b', 'c']) backends.set(name, await startBackend(name, () => {}))
  })
  afterAll(async () => {
    await server.stop()
    for (const backend of backends.values()) await backend.kill()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    const services = (await (await fetch(`${server.url}/v1/agent/services`)).json()) as Record<string, unknown>
    for (const id of Object.keys(services)) await deregister(id)
  })

  async function put(path: string, body?: object): Promise<void> {
    const answer = await fetch(`${server.url}/v1/agent/service/${path}`, { method: 'PUT', ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`)
  }
  const deregister = (id: string): Promise<void> => put(`deregister/${id}`)
  const register = (name: string, backend: string, ...tags: string[]): Promise<void> =>
    put('register', { Name: name, ID: `${name}-${backend}`, Address: '127.0.0.1', Port: backends.get(backend)?.port, Tags: tags })

  /** A gateway in this process; registries live in time that runs `speed` times faster. */
  async function gateway(more: object = {}, speed = 5): Promise<DrillGateway> {
    const { directory, remove } = await makeTempDirectory()
    closing.push(remove)
    const config = { listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: directory, registries: { consul: { address: server.url } }, routesFrom: 'consul', ...more }
    const running = await startDrillGateway(config, speed, () => {})
    closing.push(() => running.stop())
    return running
  }
  const routes = (of: DrillGateway): Promise<RoutesAnswer> => of.admin('/api/routes')
  const names = async (of: DrillGateway): Promise<string[]> => (await routes(of)).routes.map(({ name }) => name).sort()

  test('`fairlead run` without a file serves a service of each dialect, and refuses bad tags alone', async () => {
    await register('words', 'a', 'fairlead.route=words.test/**', 'v1')
    await register('fab', 'b', 'urlprefix-fab.test/foo strip=/foo')
    await register('trf', 'c', 'traefik.enable=true', 'traefik.http.routers.trf.rule=Host(`trf.test`) && PathPrefix(`/t`)')
    await register('bad', 'a', 'fairlead.route=x/**', 'fairlead.route=y/{', 'urlprefix-:3306 proto=tcp', 'traefik.http.routers.bad.rule=Host(')
    const { port, admin, said, stop } = await runWithoutFile({ CONSUL_HTTP_ADDR: server.address })
    closing.push(stop)
    await becomes(() => Promise.all([get(port, 'words.test', '/x'), get(port, 'fab.test', '/foo/x'), get(port, 'trf.test', '/t/x'), get(port, 'trf.test', '/other'), get(port, 'bad.test')]), ['200 a', '200 b', '200 c', '404 no_route', '404 no_route'])
    await becomes(async () => (await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()).split('\n').filter((line) => line.startsWith('fairlead_refused_tags{registry="consul",kind="refused"}')), ['fairlead_refused_tags{registry="consul",kind="refused"} 3'])
    expect(said()).toContain(`found a Consul agent at ${server.url} (CONSUL_HTTP_ADDR)`)
    const routesCommand = async (...options: string[]): Promise<{ readonly shown: string; readonly code: number }> => {
      const command = spawn(process.execPath, [MAIN, 'routes', ...options, '--admin', `http://127.0.0.1:${admin}`])
      const [shown, [code]] = await Promise.all([text(command.stdout), once(command, 'exit') as Promise<[number]>])
      return { shown, code }
    }
    const { shown: listed } = await routesCommand()
    expect(listed).toMatch(/\n\nroutes from the tags of\n {2}consul {2}live {2}4 services {2}3 tags refused {2}confirmed \d+ s ago\n/)
    const { shown, code } = await routesCommand('--invalid')
    expect(code).toBe(1)
    expect(shown).toContain("fairlead.route=y/{: '{' in '/{' is not a parameter")
    for (const part of ['bad in consul, consul/n1/bad-a: urlprefix-:3306 proto=tcp', 'only HTTP is routed by tags', 'traefik.http.routers.bad', 'cannot be read at character']) expect(shown).toContain(part)
    expect(shown).not.toContain('words in consul')
  })

  test('`fairlead run` without a file asks a Consul with TLS as its own tools do', async () => {
    const pem = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/engine/${name}.pem`, import.meta.url))
    const [https = 0] = await freePorts(1)
    const secure = await startConsul({ args: ['-hcl', `ports { https = ${https} } tls { https { cert_file = "${pem('alpha')}" key_file = "${pem('alpha-key')}" ca_file = "${pem('ca')}" verify_incoming = true } }`] })
    closing.push(() => secure.stop())
    const registered = await fetch(`${secure.url}/v1/agent/service/register`, { method: 'PUT', body: JSON.stringify({ Name: 'words', Address: '127.0.0.1', Port: backends.get('a')?.port, Tags: ['fairlead.route=words.test/**'] }) })
    expect(registered.status).toBe(200)
    const env = { CONSUL_HTTP_ADDR: `127.0.0.1:${https}`, CONSUL_HTTP_SSL: 'true', CONSUL_CACERT: pem('ca'), CONSUL_CLIENT_CERT: pem('client'), CONSUL_CLIENT_KEY: pem('client-key') }
    const { port, stop } = await runWithoutFile(env)
    closing.push(stop)
    await becomes(() => get(port, 'words.test').catch(() => ''), '200 a')
  })

  test('the example, line by line', async () => {
    const lines = (await readFile(new URL('../../examples/consul-tags/README.md', import.meta.url), 'utf8')).split('\n')
    const ports: Readonly<Record<string, string>> = { 7001: 'a', 7002: 'b', 7003: 'c' }
    const running = await gateway()
    let asked = 0
    for (const line of lines) {
      const [, body] = /^curl -X PUT http:\/\/127\.0\.0\.1:8500\/v1\/agent\/service\/register -d '(.*)'$/.exec(line) ?? []
      const service = body === undefined ? undefined : (JSON.parse(body) as { Name: string; Port: number; Tags: string[] })
      if (service !== undefined) await register(service.Name, ports[service.Port] ?? '', ...service.Tags)
      const [, host, path] = /^curl -H 'Host: (\S+)' http:\/\/127\.0\.0\.1:8080(\/\S*)$/.exec(line) ?? []
      if (host === undefined) continue
      await becomes(async () => (await get(running.port, host, path)).slice(0, 3), '200')
      asked++
    }
    expect(asked).toBe(3)
    await becomes(async () => (await routes(running)).refusedTags.map(({ service, tag }) => `${service}: ${tag}`), ['bad: urlprefix-bad.local/ stirp=/api'])
  })

  test('services and tags that come, change and go', async () => {
    const running = await gateway()
    await becomes(() => get(running.port, 'words.test'), '404 no_route')
    await register('words', 'a', 'fairlead.route=words.test/**')
    await becomes(() => get(running.port, 'words.test'), '200 a')
    await register('words', 'a', 'fairlead.route=other.test/**')
    await becomes(() => get(running.port, 'other.test'), '200 a')
    expect(await get(running.port, 'words.test')).toBe('404 no_route')
    await register('words', 'a', 'fairlead.route=other.test/**', 'fairlead.route.timeout=soon')
    await becomes(async () => (await routes(running)).refusedTags.map(({ service, count }) => `${service} ${count}`), ['words 1'])
    await becomes(() => get(running.port, 'other.test'), '404 no_route')
    await register('words', 'a', 'fairlead.route=other.test/**')
    await becomes(() => get(running.port, 'other.test'), '200 a')
    expect((await routes(running)).refusedTags).toEqual([])
    await deregister('words-a')
    // Held by the guard, then believed.
    await becomes(() => names(running), [])
  })

  test('a service that vanishes alone is held as its endpoints are, and another one with its match has it at once', async () => {
    await register('other', 'b', 'fairlead.route=other.test/**')
    await register('words', 'a', 'fairlead.route=words.test/**', 'fairlead.routes.shared=shared.test/**')
    await register('writer', 'c', 'fairlead.route=shared.test/**')
    const running = await gateway()
    await becomes(() => Promise.all([get(running.port, 'words.test'), get(running.port, 'shared.test')]), ['200 a', '200 a'])
    await deregister('words-a')
    await becomes(() => get(running.port, 'shared.test'), '200 c')
    for (const until = Date.now() + 2000; Date.now() < until; ) expect(await get(running.port, 'words.test')).toBe('200 a')
    await becomes(() => get(running.port, 'words.test'), '404 no_route')
    expect(await names(running)).toEqual(['other@consul', 'writer@consul'])
  })

  test('only the instances that carry a route get its requests', async () => {
    await register('words', 'a', 'fairlead.route=words.test/**')
    await register('words', 'b', 'internal')
    const running = await gateway()
    await becomes(() => names(running), ['words@consul'])
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => get(running.port, 'words.test'))))).toEqual(new Set(['200 a']))
  })

  test('a canary of 10% gets about that, and its share goes back when it is in maintenance', async () => {
    await register('words', 'a', 'fairlead.route=words.test/**')
    await register('words', 'b', 'fairlead.route=words.test/**', 'fairlead.route.weight=10%')
    const running = await gateway()
    // A few at a time: hundreds at once make waits that say more of the machine than of the two, and the balancer goes by waits.
    const answers = async (): Promise<readonly string[]> => {
      const all: string[] = []
      while (all.length < 400) all.push(...(await Promise.all(Array.from({ length: 8 }, () => get(running.port, 'words.test')))))
      return all
    }
    await becomes(() => names(running), ['words@consul'])
    await becomes(async () => (await answers()).includes('200 b'), true)
    // Of an endpoint that is new the balancer knows no wait yet.
    await becomes(async () => {
      const got = (await answers()).filter((answer) => answer === '200 b').length
      return got > 10 && got < 100
    }, true)
    await put('maintenance/words-b?enable=true')
    // So many that a share of 10% is none of them by chance.
    const all = async (): Promise<ReadonlySet<string>> => new Set(await answers())
    await becomes(all, new Set(['200 a']))
    expect(await all()).toEqual(new Set(['200 a']))
  })

  test('routes of the file come first, and the registry may fail: what is known goes on', async () => {
    await register('words', 'a', 'fairlead.route=words.test/**', 'fairlead.routes.same=file.test/**')
    const running = await gateway({ routes: [{ name: 'mine', match: 'file.test/**', respond: { status: 200, body: 'file' } }] })
    await becomes(() => get(running.port, 'words.test'), '200 a')
    expect(await get(running.port, 'file.test')).toBe('200 file')
    expect(await names(running)).toEqual(['mine', 'words-same@consul', 'words@consul'])
    server.pause()
    try {
      await becomes(async () => (await running.admin<{ watches: { mode: string }[] }>('/api/watches')).watches.map(({ mode }) => mode), ['stale'])
      expect(await get(running.port, 'words.test')).toBe('200 a')
    } finally {
      server.resume()
    }
    await register('more', 'b', 'fairlead.route=more.test/**')
    await becomes(() => get(running.port, 'more.test'), '200 b')
  })

  test('no request is lost while tags change, instances move and bad tags come', async () => {
    await register('one', 'a', 'fairlead.route=one.drill/**')
    await register('two', 'b', 'urlprefix-two.drill/')
    const running = await gateway({}, 1)
    await becomes(() => names(running), ['one@consul', 'two:two.drill/@consul'])
    const load = startLoad(['one', 'two'], running.port, () => {})
    const seen = (service: string, by: string): Promise<void> => becomes(async () => load.results.slice(-60).some((result) => result.service === service && result.by === by), true)
    await seen('one', 'a')
    // A second instance, with another option: the first counts until the second is the greater number.
    await register('one', 'c', 'fairlead.route=one.drill/**', 'fairlead.route.timeout=3s')
    await register('two', 'c', 'urlprefix-two.drill/ weight=0.2')
    await seen('two', 'c')
    await register('one', 'a', 'fairlead.route=one.drill/**', 'fairlead.route.timeout=3s')
    await seen('one', 'c')
    await register('bad', 'b', 'fairlead.route=one.drill/**', 'fairlead.routes.x={', 'urlprefix-two.drill/ stirp=1')
    await becomes(async () => (await routes(running)).refusedTags.length, 3)
    await register('two', 'b', 'urlprefix-two.drill/', 'urlprefix-third.drill/')
    await becomes(async () => (await names(running)).includes('two:third.drill/@consul'), true)
    await deregister('two-c')
    await becomes(async () => load.results.filter(({ service }) => service === 'two').slice(-30).every(({ by }) => by === 'b'), true)
    await load.stop()
    await deregister('bad-b')
    expect(load.results.filter(({ error }) => error !== '')).toEqual([])
    expect(load.results.length).toBeGreaterThan(100)
  })

  test('no request is lost while the tag of the one instance that has a route changes, again and again', async () => {
    await register('mix', 'a', 'fairlead.route=mix.drill/**')
    await register('mix', 'b', 'internal')
    await register('two', 'b', 'fairlead.route=two.drill/**')
    const running = await gateway({}, 1)
    await becomes(() => names(running), ['mix@consul', 'two@consul'])
    const load = startLoad(['mix', 'two'], running.port, () => {})
    const revisionOf = async (): Promise<string> => String((await running.admin<{ revisions: { revision: { number: number } }[] }>('/api/revisions')).revisions[0]?.revision.number)
    for (let i = 1; i <= 12; i++) {
      const before = await revisionOf()
      // Once with an instance that says the same as before, which then leaves: the part of the old tag is empty at once.
      if (i % 3 === 0) await register('mix', 'c', 'fairlead.route=mix.drill/**', `fairlead.route.timeout=${i}s`)
      await register('mix', 'a', 'fairlead.route=mix.drill/**', `fairlead.route.timeout=${i}s`)
      if (i % 3 === 0) await deregister('mix-c')
      await becomes(async () => (await revisionOf()) === before, false)
    }
    await load.stop()
    expect(load.results.filter(({ error }) => error !== '')).toEqual([])
    expect(new Set(load.results.filter(({ service }) => service === 'mix').map(({ by }) => by))).not.toContain('b')
  })
})
