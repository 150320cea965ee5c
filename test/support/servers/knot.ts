// A real name server, Knot DNS, on a free port of 127.0.0.1, for one zone `example` that a test writes.
import { Resolver } from 'node:dns/promises'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../drill/until.ts'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'

export interface RealNameServer extends RealServer {
  /** Replaces the records below `example.`, in the syntax of zone files, and has the server take them. */
  zone(records: string): Promise<void>
  /** Has it serve another zone in place of this one: questions about this one are REFUSED, until `zone`. */
  refuse(): Promise<void>
}

/** Starts Knot DNS. */
export async function startKnot(): Promise<RealNameServer> {
  const [port = 0] = await freePorts(1)
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-knot-'))
  const zonefile = join(directory, 'example.zone')
  let serial = 0
  const write = (records: string): Promise<void> => writeFile(zonefile, `$ORIGIN example.\n$TTL 1\n@ SOA ns admin ${++serial} 60 60 600 1\n@ NS ns\nns A 127.0.0.1\n${records}`)
  await write('')
  const config = (zone: string): string[] => [
    `server:\n  rundir: "${directory}"\n  pidfile: "knot.pid"\n  listen: 127.0.0.1@${port}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n`,
    `database:\n  storage: "${directory}"\n`,
    // The file is the truth: no journal, and nothing written back.
    `zone:\n  - domain: ${zone}\n    file: "${zonefile}"\n    zonefile-load: whole\n    zonefile-sync: -1\n    journal-content: none\n`,
  ]
  const configure = (zone: string): Promise<void> => writeFile(join(directory, 'knot.conf'), config(zone).join(''))
  const reload = async (): Promise<void> => void process.kill(Number(await readFile(join(directory, 'knot.pid'), 'utf8')), 'SIGHUP')
  await configure('example')
  const started = await startServer({
    program: programOf('knot'),
    args: ['-c', join(directory, 'knot.conf')],
    address: `127.0.0.1:${port}`,
    ready: async (address) => (await serialOf(address)) !== undefined,
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  })
  return {
    ...started,
    async zone(records) {
      await write(records)
      await configure('example')
      await reload()
      // It reads the file a little later.
      await until(`Knot DNS serves zone ${serial}`, async () => (await serialOf(started.address)) === serial)
    },
    async refuse() {
      await configure('elsewhere.example')
      await reload()
      await until('Knot DNS serves the zone no more', async () => (await serialOf(started.address)) === undefined)
    },
  }
}

// The serial number of the zone as the server has it.
async function serialOf(address: string): Promise<number | undefined> {
  const resolver = new Resolver({ timeout: 500, tries: 1 })
  resolver.setServers([address])
  return resolver.resolveSoa('example').then(({ serial }) => serial, () => undefined)
}
