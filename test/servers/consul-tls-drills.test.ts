// Failure drills on a real Consul whose certificate goes wrong while load runs: no request fails that could have succeeded, the
// reason is said, and recovery needs nobody.
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, test } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { freePorts } from '../support/server-process.ts'
import { callConsul, enter, strike, strikeAll } from '../support/servers/consul-client.ts'
import { startConsul } from '../support/servers/consul.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'

const pem = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/engine/${name}.pem`, import.meta.url))

describeWithServers(['consul'], 'a gateway at a Consul with TLS', () => {
  let server: Awaited<ReturnType<typeof startConsul>>
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  let secure: string
  const file = (name: string): string => join(temp.directory, name)

  beforeAll(async () => {
    temp = await makeTempDirectory()
    const [port = 0] = await freePorts(1)
    secure = `127.0.0.1:${port}`
    await identify('alpha')
    server = await startConsul({ args: ['-hcl', `ports { https = ${port} } tls { https { cert_file = "${file('cert.pem')}" key_file = "${file('key.pem')}" } }`] })
  })
  afterAll(() => Promise.all([server.stop(), temp.remove()]))
  beforeEach(async () => {
    await trust('ca')
    await present('alpha')
  })
  afterEach(() => strikeAll(server.url))

  async function identify(name: string): Promise<void> {
    await copyFile(pem(name), file('cert.pem'))
    await copyFile(pem(`${name}-key`), file('key.pem'))
  }
  /** From the next connection on, Consul shows this certificate. */
  async function present(name: string): Promise<void> {
    await identify(name)
    await callConsul(server.url, 'PUT', 'agent/reload')
  }
  /** From the next question on, the gateway trusts this authority alone. */
  const trust = (name: string): Promise<void> => copyFile(pem(name), file('authority.pem'))

  const plan = (): DrillPlan => ({
    upstreams: { consul: secure },
    registries: ({ consul }) => ({ consul: { address: `https://${consul}`, wait: '10s', tls: { ca: file('authority.pem') } } }),
    services: { web: { from: 'consul/web', backends: ['a', 'b'] } },
    before: async (backend) => {
      for (const name of ['a', 'b']) await enter(server.url, backend(name))
    },
  })

  test.each([
    ['certificate has expired: what it listed serves on, the reason is shown, and a good certificate mends it', 'expired', /the certificate has expired/, () => present('alpha')],
    ['authority is exchanged: not believed until the gateway’s file names the new one', 'elsewhere', /authority is not trusted/, () => trust('other-ca')],
  ])('whose %s', (_, shown, cause, mend) =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b')
      await present(shown)
      d.fault('consul').cut()
      await d.sees('web', 'stale a,b', { cause, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      await strike(server.url, d.backend('b'))
      await mend()
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
    }),
  )
})
