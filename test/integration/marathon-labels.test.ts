// Routes from the labels of Marathon's apps through a real gateway, over sockets: served, changed live, refused alone.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RoutesAnswer } from '../../src/model/admin.ts'
import { becomes, get } from '../support/drill/ask.ts'
import { startBackend, type Backend } from '../support/drill/backend.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { startMarathon, type MarathonServer } from '../support/fake-marathon/server.ts'
import { makeTempDirectory } from '../support/temp.ts'

let server: MarathonServer
let backend: Backend
let gateway: DrillGateway
let remove: () => Promise<void>
beforeAll(async () => {
  server = await startMarathon()
  backend = await startBackend('a', () => {})
  const made = await makeTempDirectory()
  remove = made.remove
  gateway = await startDrillGateway({ listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: made.directory, registries: { mesos: { type: 'marathon', address: `http://${server.nodes[0]}` } }, routesFrom: ['mesos'] }, 1, () => {})
})
afterAll(async () => {
  await gateway.stop()
  await server.close()
  await backend.kill()
  await remove()
})

const put = (id: string, labels: Readonly<Record<string, string>>): void => server.put({ id, labels, ports: [{ name: 'http' }], tasks: [{ id: `${id}.1`, host: '127.0.0.1', ports: [backend.port] }] })
const routes = (): Promise<RoutesAnswer> => gateway.admin<RoutesAnswer>('/api/routes')
const refused = async (): Promise<readonly string[]> => (await routes()).refusedTags.map(({ registry, service, tag, reason, kind }) => `${kind} ${registry} ${service} ${tag}: ${reason}`)

test('an app with a route is served; labels change it live; a bad one is refused alone, with owner and reason', async () => {
  put('/plain', { owner: 'zeus', 'fairlead.weight': '2', 'fairlead.tags': 'v1' })
  put('/shop/cart', { 'fairlead.route': 'cart.test/**', 'fairlead.weight': '3', 'fairlead.tags': 'v2,urlprefix-fabio.test/' })
  await becomes(() => Promise.all(['cart.test', 'fabio.test', 'plain'].map((host) => get(gateway.port, host))), ['200 a', '200 a', '404 no_route'])
  // Of the labels that are no routes nothing is said, and an app that has only those is not followed.
  expect(await refused()).toEqual([])
  expect((await routes()).catalogs).toMatchObject([{ registry: 'mesos', mode: 'live', services: 1 }])

  put('/shop/cart', { 'fairlead.route': 'new.test/**', 'fairlead.route.strip': '/api', 'fairlead.routes.bad': 'x{y', HAPROXY_0_VHOST: 'old.test' })
  await becomes(() => get(gateway.port, 'new.test'), '200 a')
  expect(await get(gateway.port, 'cart.test')).toBe('404 no_route')
  await becomes(refused, [expect.stringMatching(/^refused mesos shop\/cart fairlead\.routes\.bad=x\{y: ./)])

  const web = { 'traefik.enable': 'true', 'traefik.http.routers.w.rule': `Host(\`t.test\`) && PathPrefix(\`/t\`) || ${Array.from({ length: 40 }, (_, i) => `Host(\`host-${i}.test\`)`).join(' || ')}` }
  put('/web', web)
  put('/old', { 'traefik.frontend.rule': 'Host:old.test' })
  put('/named', { 'traefik.enable': 'true' })
  await becomes(() => Promise.all([get(gateway.port, 't.test', '/t'), get(gateway.port, 'host-39.test'), get(gateway.port, 'named')]), ['200 a', '200 a', '200 a'])
  await becomes(refused, [expect.stringMatching(/^refused mesos old traefik\.frontend\.rule=Host:old\.test: is a label of Traefik 1/), expect.stringContaining('shop/cart fairlead.routes.bad')])
  expect(await get(gateway.port, 'new.test')).toBe('200 a')

  // Marathon says that none is wanted any more: nothing is held, as it would be of an app that vanishes with its tasks.
  server.put({ id: '/web', labels: web, ports: [{ name: 'http' }], tasks: [] })
  put('/old', {})
  await becomes(() => get(gateway.port, 'host-39.test'), '404 no_route')
  server.remove('/web')
  expect(await get(gateway.port, 'new.test')).toBe('200 a')
  expect(server.streams.count()).toBe(1)
})
