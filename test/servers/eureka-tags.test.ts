// Routes from the metadata of a real Eureka: an application that carries one is served, changed and refused like any tag.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RoutesAnswer } from '../../src/model/admin.ts'
import { becomes, get } from '../support/drill/ask.ts'
import { startBackend, type Backend } from '../support/drill/backend.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { register } from '../support/servers/eureka-client.ts'
import { startEureka, type EurekaServer } from '../support/servers/eureka.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'

describeWithServers(['eureka'], 'routes from the metadata of a real Eureka', () => {
  let server: EurekaServer
  let backend: Backend
  let gateway: DrillGateway
  let remove: () => Promise<void>
  beforeAll(async () => {
    const [first] = await startEureka(1)
    if (first === undefined) throw new Error('no server')
    server = first
    backend = await startBackend('a', () => {})
    const made = await makeTempDirectory()
    remove = made.remove
    gateway = await startDrillGateway({ listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: made.directory, registries: { eureka: { address: server.url, every: '1s' } }, routesFrom: 'eureka' }, 1, () => {})
  })
  afterAll(async () => {
    await gateway.stop()
    await server.stop()
    await backend.kill()
    await remove()
  })

  test('an application with a route is served; another key changes it; a bad one is refused alone', async () => {
    const who = (): Parameters<typeof register>[1] => ({ name: 'one', host: '127.0.0.1', port: backend.port })
    expect(await get(gateway.port, 'web.test')).toMatch(/^(404 no_route|503 no_table)/)
    await register(server.url, who(), { metadata: { 'fairlead.route': 'web.test/**', version: '1' } })
    await becomes(() => get(gateway.port, 'web.test'), '200 a', 30_000)
    await register(server.url, who(), { metadata: { 'fairlead.route': 'new.test/**', 'fairlead.routes.bad': 'x{y', 'traefik.http.routers.t.rule': 'Host(`t.test`)' } })
    await becomes(() => Promise.all(['new.test', 't.test', 'web.test'].map((host) => get(gateway.port, host))), ['200 a', '200 a', '404 no_route'], 30_000)
    const { refusedTags, catalogs } = await gateway.admin<RoutesAnswer>('/api/routes')
    expect(refusedTags.map(({ service, tag }) => `${service} ${tag}`)).toEqual(['WEB fairlead.routes.bad=x{y'])
    expect(catalogs).toMatchObject([{ registry: 'eureka', mode: 'live', services: 1 }])
  })
})
