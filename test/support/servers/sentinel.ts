// A real Redis Sentinel on a free port of 127.0.0.1.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { byHand } from '../store-drill.ts'
import { makeTempDirectory } from '../temp.ts'

/** Starts one Sentinel that watches a primary as group `main`, quick to fail over; it is ready when it knows `replicas` of it. */
export async function startSentinel(primary: RealServer, replicas = 1): Promise<RealServer & { readonly url: string }> {
  const [port = 0] = await freePorts(1)
  const { directory, remove } = await makeTempDirectory()
  const [host, primaryPort] = primary.address.split(':')
  const config = join(directory, 'sentinel.conf')
  const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, `sentinel monitor main ${host} ${primaryPort} 1`, 'sentinel down-after-milliseconds main 500', 'sentinel failover-timeout main 3000']
  await writeFile(config, `${lines.join('\n')}\n`)
  const ready = async (): Promise<boolean> => {
    const hand = byHand(`redis://127.0.0.1:${port}`)
    try {
      return String(await hand.call('SENTINEL', 'master', 'main')).includes(`num-slaves,${replicas}`)
    } finally {
      hand.disconnect()
    }
  }
  const server = await startServer({ program: programOf('redis'), args: [config, '--sentinel'], address: `127.0.0.1:${port}`, ready, cleanUp: remove })
  return { ...server, url: `redis+sentinel://${server.address}/main` }
}
