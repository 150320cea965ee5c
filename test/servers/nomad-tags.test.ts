// Routes from tags beside a real Nomad: `fairlead run` without a file, jobs whose tags change live, and no lost request meanwhile.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { RoutesAnswer } from '../../src/model/admin.ts'
import { becomes, get } from '../support/drill/ask.ts'
import { startBackend, type Backend } from '../support/drill/backend.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { startLoad } from '../support/drill/load.ts'
import { runWithoutFile } from '../support/run-without-file.ts'
import { callNomad, runJob, stopJob, stopJobs } from '../support/servers/nomad-client.ts'
import { startNomad } from '../support/servers/nomad.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'

describeWithServers(['nomad'], 'routes from the tags of a real Nomad', () => {
  let server: Awaited<ReturnType<typeof startNomad>>
  const backends = new Map<string, Backend>()
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    server = await startNomad()
    await callNomad(server, 'PUT', 'namespace/shop', { Name: 'shop' })
    for (const name of ['a', 'b', 'c', 'd']) backends.set(name, await startBackend(name, () => {}))
  })
  afterAll(async () => {
    await server.stop()
    for (const backend of backends.values()) await backend.kill()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    await stopJobs(server)
  })

  /** A job `SERVICE-BACKEND` whose service carries these tags. */
  const run = (service: string, backend: string, tags: readonly string[], more: { readonly namespace?: string } = {}): Promise<void> =>
    runJob(server, { id: `${service}-${backend}`, service, port: backends.get(backend)?.port ?? 0, more: { Tags: tags }, ...more })

  /** A gateway in this process. */
  async function gateway(options: object = {}): Promise<DrillGateway> {
    const { directory, remove } = await makeTempDirectory()
    closing.push(remove)
    const running = await startDrillGateway({ listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: directory, registries: { nomad: { address: server.url, ...options } }, routesFrom: 'nomad' }, 1, () => {})
    closing.push(() => running.stop())
    return running
  }
  const names = async (of: DrillGateway): Promise<string[]> => (await of.admin<RoutesAnswer>('/api/routes')).routes.map(({ name }) => name).sort()

  test('`fairlead run` without a file serves a service of each dialect, and refuses bad tags alone', async () => {
    await run('words', 'a', ['fairlead.route=words.test/**', 'v1'])
    await run('fab', 'b', ['urlprefix-fab.test/foo strip=/foo'])
    await run('trf', 'c', ['traefik.enable=true', 'traefik.http.routers.trf.rule=Host(`trf.test`) && PathPrefix(`/t`)'])
    await runJob(server, { id: 'bad', service: 'bad', more: { Tags: ['fairlead.route=x/{', 'urlprefix-:3306 proto=tcp'] } })
    const { port, said, stop } = await runWithoutFile({ NOMAD_ADDR: server.url })
    closing.push(stop)
    await becomes(() => Promise.all([get(port, 'words.test', '/x'), get(port, 'fab.test', '/foo/x'), get(port, 'trf.test', '/t/x'), get(port, 'trf.test', '/other'), get(port, 'bad.test')]), ['200 a', '200 b', '200 c', '404 no_route', '404 no_route'])
    expect(said()).toContain(`found a Nomad agent at ${server.url} (NOMAD_ADDR)`)
    await becomes(async () => said().includes('urlprefix-:3306 proto=tcp'), true)
    // Live: a job that comes, and one that is stopped.
    await run('more', 'd', ['fairlead.route=more.test/**'])
    await becomes(() => get(port, 'more.test'), '200 d')
    await stopJob(server, 'words-a')
    await becomes(() => get(port, 'words.test'), '404 no_route')
  })

  test('services of several namespaces keep to their own', async () => {
    await run('web', 'a', ['fairlead.route=web.test/**'])
    await run('web', 'b', ['fairlead.route=shop.test/**'], { namespace: 'shop' })
    const running = await gateway({ namespaces: ['*'] })
    await becomes(() => names(running), ['shop/web@nomad', 'web@nomad'])
    expect([await get(running.port, 'web.test'), await get(running.port, 'shop.test')]).toEqual(['200 a', '200 b'])
  })

  test('no request is lost while tags change, instances move and a canary comes', async () => {
    await run('one', 'a', ['fairlead.route=one.drill/**'])
    await run('two', 'b', ['urlprefix-two.drill/'])
    const running = await gateway()
    await becomes(() => names(running), ['one@nomad', 'two:two.drill/@nomad'])
    const load = startLoad(['one', 'two'], running.port, () => {})
    closing.push(() => load.stop())
    const seen = (service: string, by: string): Promise<void> => becomes(async () => load.results.slice(-60).some((result) => result.service === service && result.by === by), true)
    await seen('one', 'a')
    // The same allocation with another tag, and a second one with a weight of its own.
    await run('one', 'a', ['fairlead.route=one.drill/**', 'fairlead.route.timeout=3s'])
    await run('two', 'c', ['urlprefix-two.drill/ weight=0.2'])
    await seen('two', 'c')
    await run('two', 'b', ['urlprefix-two.drill/', 'urlprefix-third.drill/'])
    await becomes(async () => (await names(running)).includes('two:third.drill/@nomad'), true)
    await stopJob(server, 'two-c')
    await becomes(async () => load.results.filter(({ service }) => service === 'two').slice(-30).every(({ by }) => by === 'b'), true)
    await load.stop()
    expect(load.results.filter(({ error }) => error !== '')).toEqual([])
  })
})
