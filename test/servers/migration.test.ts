// Moving a service from one real registry to another under load.
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import type { Backend } from '../support/drill/backend.ts'
import { startConsul } from '../support/servers/consul.ts'
import { cancel, register } from '../support/servers/eureka-client.ts'
import { startEureka } from '../support/servers/eureka.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { files, moves, type Side } from '../suites/migration.ts'

function consulAt(url: () => string, name: string): Side {
  const put = async (path: string, body?: object): Promise<void> => {
    const answer = await fetch(`${url()}/v1/${path}`, { method: 'PUT', ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`)
  }
  return {
    ref: `${name}/words`,
    options: (address) => ({ type: 'consul', address: `http://${address}` }),
    address: () => url().replace('http://', ''),
    async list(backends) {
      for (const { name: id, host, port } of backends) await put('agent/service/register', { Name: 'words', ID: `words-${id}`, Address: host, Port: port })
      const known = (await (await fetch(`${url()}/v1/agent/services`)).json()) as Record<string, unknown>
      for (const id of Object.keys(known)) if (!backends.some((backend) => id === `words-${backend.name}`)) await put(`agent/service/deregister/${id}`)
    },
    fail: (d) => d.fault('new').blackhole(),
  }
}

function eurekaAt(url: () => string): Side {
  const listed = new Map<string, Backend>()
  return {
    ref: 'old/WEB',
    options: (address) => ({ type: 'eureka', address: `http://${address}/eureka`, every: '1s' }),
    address: () => new URL(url()).host,
    async list(backends) {
      const wanted = new Map(backends.map((backend) => [backend.name, backend]))
      for (const [name, backend] of listed) {
        if (wanted.has(name)) continue
        await cancel(url(), backend)
        listed.delete(name)
      }
      for (const [name, backend] of wanted) {
        await register(url(), backend)
        listed.set(name, backend)
      }
    },
  }
}

describeWithServers(['consul'], 'a service moves from a registry of files to Consul', () => {
  let server: Awaited<ReturnType<typeof startConsul>>
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeAll(async () => {
    server = await startConsul()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    temp = await makeTempDirectory()
  })
  afterEach(() => temp.remove())
  describe('without a lost request', () => moves(() => files(() => temp.directory), () => consulAt(() => server.url, 'new')))
})

describeWithServers(['consul', 'eureka'], 'a service moves from Eureka to Consul', () => {
  let consul: Awaited<ReturnType<typeof startConsul>>
  let eureka: Awaited<ReturnType<typeof startEureka>>
  beforeAll(async () => {
    ;[consul, eureka] = await Promise.all([startConsul(), startEureka(1)])
  })
  afterAll(() => Promise.all([consul.stop(), ...eureka.map((server) => server.stop())]))
  // One side for all: it knows what the moves before left registered.
  const from = eurekaAt(() => eureka[0]?.url ?? '')
  describe('without a lost request', () => moves(() => from, () => consulAt(() => consul.url, 'new')))
})
