// Nomad through Node's own client: a stream that stays open, a Unix socket as tasks have it, a token file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Hub } from '../../../discovery/hub.ts'
import { nomad } from '../../../discovery/nomad.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { nodeCapabilities } from '../../../src/node/capabilities.ts'
import { nodePlatform } from '../../../src/node/platform.ts'
import { serveNomad, type ServedNomad } from '../../support/serve-nomad.ts'
import { soon } from '../../support/soon.ts'

const open: { close(): Promise<void> }[] = []
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairlead-nomad-'))
})
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close()
  await rm(directory, { recursive: true, force: true })
})

async function serve(socketPath?: string): Promise<ServedNomad> {
  const served = await serveNomad(socketPath === undefined ? {} : { socketPath })
  open.push({ close: served.stop })
  return served
}

function watch(options: object): Hub {
  const platform = nodePlatform(() => {})
  const hub = new Hub({ discoverers: new Map([['nomad', nomad.create('nomad', options, platform, nodeCapabilities)]]), platform, onChange: () => {} })
  open.push(hub)
  hub.setRefs(['nomad/web'])
  return hub
}

const becomes = (hub: Hub, wanted: string): Promise<void> =>
  vi.waitFor(() => expect(`${hub.get('nomad/web').kind} ${endpointsOf(hub.get('nomad/web')).map(({ port, health }) => `${port}:${health}`).join(' ')}`.trim()).toBe(wanted), { timeout: 10_000, interval: 10 })

test('changes arrive by the stream, and the stream ends with the watch', async () => {
  const { registry, address } = await serve()
  registry.put('web', [{ id: 'a', port: 1001 }])
  registry.setChecks('a', ['web', 'success'])
  const hub = watch({ address: `http://${address}` })
  await becomes(hub, 'ready 1001:passing')
  await soon(() => expect(registry.streams()).toBe(1))
  for (const port of [1002, 1003, 1004]) {
    registry.put('web', [{ id: 'a', port: 1001 }, { id: 'b', port }])
    await becomes(hub, `ready 1001:passing ${port}:unknown`)
  }
  registry.put('web', [])
  await becomes(hub, 'ready')
  await hub.close()
  await soon(() => expect(registry.streams()).toBe(0))
})

test('the socket and the identity that Nomad gives to a task', async () => {
  const socket = join(directory, 'api.sock')
  const tokenFile = join(directory, 'nomad_token')
  const { registry } = await serve(socket)
  registry.acl({ 'first.jwt': ['default'], 'second.jwt': ['default'] })
  registry.put('web', [{ id: 'a', port: 1001 }])
  await writeFile(tokenFile, 'first.jwt')
  const hub = watch({ address: `unix:${socket}`, tokenFile })
  await becomes(hub, 'ready 1001:unknown')
  registry.acl({ 'second.jwt': ['default'] })
  registry.cut()
  await becomes(hub, 'stale 1001:unknown')
  expect(hub.status()[0]?.lastError?.message).toBe(`unix:${socket}: 403 Permission denied; check the token, which needs read-job in the namespace`)
  await writeFile(tokenFile, 'second.jwt')
  await becomes(hub, 'ready 1001:unknown')
})

test('a socket that is not there, and comes', async () => {
  const socket = join(directory, 'api.sock')
  const hub = watch({ address: `unix:${socket}` })
  await becomes(hub, 'pending')
  await soon(() => expect(hub.status()[0]?.lastError?.message).toBe(`unix:${socket}: there is no such socket`))
  const { registry } = await serve(socket)
  registry.put('web', [{ id: 'a', port: 1001 }])
  await becomes(hub, 'ready 1001:unknown')
})
