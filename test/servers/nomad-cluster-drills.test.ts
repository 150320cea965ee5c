// Drills on three real Nomad servers that lose their leader, and then their quorum, while load runs. The gateway asks the client agent,
// as the one beside it on a machine.
import { afterAll, beforeAll, test } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import { runJob, stopJob, type NomadAt } from '../support/servers/nomad-client.ts'
import { startNomadCluster, type NomadCluster } from '../support/servers/nomad-cluster.ts'
import { describeWithServers } from '../support/servers.ts'

describeWithServers(['nomad'], 'a gateway at a cluster', () => {
  let cluster: NomadCluster
  beforeAll(async () => {
    cluster = await startNomadCluster()
  })
  afterAll(() => cluster.stop())

  const enter = (at: NomadAt, { name, port }: { readonly name: string; readonly port: number }): Promise<void> => runJob(at, { id: `web-${name}`, port })

  test('that loses its leader, and then its quorum, goes on with what it knew, and follows whoever leads next', async () => {
    const { client } = cluster
    await drill(
      {
        upstreams: { nomad: client.address },
        registries: ({ nomad }) => ({ nomad: { address: `http://${nomad}` } }),
        services: { web: { from: 'nomad/web', backends: ['a', 'b', 'c'] } },
        before: async (backend) => {
          for (const name of ['a', 'b', 'c']) await enter(client, backend(name))
        },
      },
      async (d) => {
        await d.sees('web', 'live a,b,c')
        const { leader, followers: [other] } = await cluster.roles()
        if (other === undefined) throw new Error('a cluster of three has two followers')
        await leader.kill()
        await d.serves('web', ['a', 'b', 'c'])
        await d.until('another leader is elected', async () => (await cluster.roles()).leader !== leader)
        await d.until('the cluster takes writes again', () => stopJob(client, 'web-c').then(() => true))
        await d.sees('web', 'live a,b')
        await d.uses('web', ['a', 'b'])
        // One of three cannot elect.
        await other.kill()
        await d.until('the cluster has no leader', () => cluster.roles().then(() => false, () => true))
        await d.serves('web', ['a', 'b'])
        // What it says is as old as its last word from a leader.
        await d.sees('web', 'stale a,b', { cause: /no contact with a leader for more than \d+ s/, since: Date.now() })
        await d.serves('web', ['a', 'b'])
        await Promise.all([leader.restart(), other.restart()])
        await d.until('the cluster takes writes again', () => enter(client, d.backend('c')).then(() => true))
        await d.sees('web', 'live a,b,c')
        await d.uses('web', ['a', 'b', 'c'])
      },
    )
  })
})
