// The real servers themselves: they start, can be paused and killed, and come back on the same port.
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startConsul } from '../support/servers/consul.ts'
import { listed, runJob } from '../support/servers/nomad-client.ts'
import { startNomad } from '../support/servers/nomad.ts'
import { startRedis } from '../support/servers/redis.ts'
import { describeWithServers } from '../support/servers.ts'

describeWithServers(['redis'], 'redis-server under test', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  test('answers again on the same port after it was killed', async () => {
    await redis.kill()
    await redis.restart()
    expect(redis.url).toBe(`redis://${redis.address}`)
  })
})

describeWithServers(['consul'], 'consul agent under test', () => {
  let consul: Awaited<ReturnType<typeof startConsul>>
  beforeAll(async () => {
    consul = await startConsul()
  })
  afterAll(() => consul.stop())

  test('keeps connections open without answering while it is paused', async () => {
    consul.pause()
    const answer = fetch(`${consul.url}/v1/status/leader`)
    const first = await Promise.race([answer.then(() => 'answered'), new Promise((resolve) => setTimeout(resolve, 300, 'silent'))])
    consul.resume()
    expect(first).toBe('silent')
    expect((await answer).status).toBe(200)
  })

  test('forgets everything when it is killed and started again', async () => {
    const services = async () => Object.keys((await (await fetch(`${consul.url}/v1/agent/services`)).json()) as object)
    await fetch(`${consul.url}/v1/agent/service/register`, { method: 'PUT', body: '{"Name":"web","Port":1}' })
    expect(await services()).toEqual(['web'])
    await consul.kill()
    await consul.restart()
    expect(await services()).toEqual([])
  })
})

describeWithServers(['nomad'], 'nomad agent under test', () => {
  let nomad: Awaited<ReturnType<typeof startNomad>>
  beforeAll(async () => {
    nomad = await startNomad()
  })
  afterAll(() => nomad.stop())

  test('has a client that runs raw_exec, before and after it was killed', async () => {
    const drivers = async () => ((await (await fetch(`${nomad.url}/v1/nodes`)).json()) as { Drivers: Record<string, { Healthy: boolean }> }[]).map((node) => node.Drivers['raw_exec']?.Healthy)
    expect(await drivers()).toEqual([true])
    await nomad.kill()
    await nomad.restart()
    expect(await drivers()).toEqual([true])
  })

  test('leaves tasks running when it is killed, and nothing when they are ended', async () => {
    await runJob(nomad, { id: 'web', program: fileURLToPath(new URL('../fixtures/nomad/task.ts', import.meta.url)), env: { NAME: 'left' } })
    const answer = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}`)).text()
    const port = await vi.waitFor(async () => {
      const { Port: found } = (await listed(nomad))[0] ?? { Port: 0 }
      expect(await answer(found)).toBe('left')
      return found
    }, { timeout: 20_000 })
    await nomad.kill()
    expect(await answer(port)).toBe('left')
    nomad.endTasks()
    await expect(answer(port)).rejects.toThrow()
    await nomad.restart()
    expect(await listed(nomad)).toEqual([])
  })
})
