// The jobs of `nomad/` on a real Nomad, run as an operator would: lines typed into a shell in a checkout, with the `nomad` and
// `fairlead` commands at hand.
import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { WatchesAnswer } from '../../../src/model/admin.ts'
import type { RefStatus } from '../../../src/model/ref-status.ts'
import { until } from '../drill/until.ts'
import { freePorts } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { makeTempDirectory } from '../temp.ts'
import { callNomad, type NomadAt } from './nomad-client.ts'

const ROOT = join(import.meta.dirname, '../../..')
const run = promisify(execFile)

/** An allocation as Nomad lists those of a job. */
interface Allocation {
  readonly ID: string
  readonly ClientStatus: string
  readonly DesiredStatus: string
  readonly TaskGroup: string
  readonly TaskStates: Readonly<Record<string, { readonly Restarts: number }>> | null
}

export interface Jobs {
  /** Of the gateway on the only client. */
  readonly port: number
  /** Where the shell is, beside files that a test writes. */
  readonly directory: string
  /** Types lines in the checkout; resolves with what they printed, rejects when one fails. Ports are those of the documents. */
  type(lines: string): Promise<string>
  /** What the gateway's admin server says at this path. */
  admin<T>(path: string): Promise<T>
  /** What is known of a reference; undefined before it is watched. */
  watch(ref: string): Promise<RefStatus | undefined>
  /** Allocations of a job that are to run. */
  allocations(job: string): Promise<readonly Allocation[]>
  /** Stops the jobs and forgets them; what their tasks need to end is the agent's affair. */
  stop(): Promise<void>
}

/** Gets ready to run the jobs; nothing runs yet. */
export async function prepareJobs(server: NomadAt): Promise<Jobs> {
  await until('Nomad keeps variables', () => keepsVariables(server))
  const { directory, remove } = await makeTempDirectory()
  const [port = 0, admin = 0] = await freePorts(2)
  const fairlead = join(directory, 'fairlead')
  await writeFile(fairlead, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'src/cli/main.ts')}' "$@"\n`)
  await chmod(fairlead, 0o755)
  // A gateway that has just started may not serve yet.
  await writeFile(join(directory, '.curlrc'), 'silent\nfail-with-body\nretry = 60\nretry-delay = 1\nretry-connrefused\n')
  const env = {
    ...process.env,
    PATH: [directory, dirname(programOf('nomad')), process.env['PATH']].join(delimiter),
    CURL_HOME: directory,
    NOMAD_ADDR: server.url,
    NOMAD_TOKEN: server.token ?? '',
    // What the specs are told on this machine.
    NOMAD_VAR_fairlead: fairlead,
    NOMAD_VAR_checkout: ROOT,
    NOMAD_VAR_http_port: String(port),
    NOMAD_VAR_admin_port: String(admin),
  }
  const here = (lines: string): string => lines.replaceAll(/\b8080\b/g, String(port))
  const ask = async <T>(path: string): Promise<T> => (await (await fetch(`http://127.0.0.1:${admin}${path}`)).json()) as T
  return {
    port,
    directory,
    admin: ask,
    type: async (lines) => (await run('bash', ['-ec', here(lines)], { cwd: ROOT, env })).stdout,
    watch: async (ref) => (await ask<WatchesAnswer>('/api/watches')).watches.find((watch) => watch.ref === ref),
    async allocations(job) {
      const all = (await (await callNomad(server, 'GET', `job/${job}/allocations`)).json()) as Allocation[]
      return all.filter(({ DesiredStatus: status }) => status === 'run')
    },
    async stop() {
      for (const job of ['fairlead', 'fairlead-demo']) await callNomad(server, 'DELETE', `job/${job}?purge=true`).catch(() => undefined)
      await remove()
    },
  }
}

/** An agent may be ready before the key is there that it keeps variables with. */
async function keepsVariables(server: NomadAt): Promise<true> {
  await callNomad(server, 'PUT', 'var/ready', { Path: 'ready', Items: { ready: 'yes' } })
  await callNomad(server, 'DELETE', 'var/ready')
  return true
}
