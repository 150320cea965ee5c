// The running contestants: each is started when it is first needed and kept until the bench ends, since an idle proxy costs the others nothing.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { startBackend, type Backend } from './backend.ts'
import type { Peer, RunningPeer, Setup } from './peer.ts'
import { scratchFolder } from './paths.ts'

/** The contestants of one run, with the backend that all of them have. */
export class Fleet {
  readonly scratch: string
  readonly backend: Backend
  private readonly peers: readonly Peer[]
  private readonly running = new Map<string, Promise<RunningPeer>>()
  private made: Setup['certificate'] | undefined

  private constructor(peers: readonly Peer[], backend: Backend, scratch: string) {
    this.peers = peers
    this.backend = backend
    this.scratch = scratch
  }

  static async create(peers: readonly Peer[]): Promise<Fleet> {
    const scratch = scratchFolder()
    return new Fleet(peers, await startBackend(scratch), scratch)
  }

  get setup(): Omit<Setup, 'tableSize'> {
    return { backend: this.backend, scratch: this.scratch, certificate: this.certificate() }
  }

  /** The peer with this table, started if it does not run. */
  async get(name: string, tableSize = 0): Promise<RunningPeer> {
    const key = `${name} ${tableSize}`
    const known = this.running.get(key)
    if (known !== undefined) return known
    const started = this.start(name, tableSize)
    this.running.set(key, started)
    return started
  }

  /** A process of its own; the caller stops it. */
  async start(name: string, tableSize = 0): Promise<RunningPeer> {
    const peer = this.peers.find((each) => each.name === name)
    if (peer === undefined) throw new Error(`no peer ${name}; there are ${this.peers.map((each) => each.name).join(', ')}`)
    return peer.start({ ...this.setup, tableSize })
  }

  /** Stops everything but the backend. */
  async clear(): Promise<void> {
    const all = [...this.running.values()]
    this.running.clear()
    await Promise.allSettled(all.map(async (running) => (await running).stop()))
  }

  async stop(): Promise<void> {
    await this.clear()
    await this.backend.stop()
  }

  private certificate(): Setup['certificate'] {
    if (this.made !== undefined) return this.made
    const certificate = { cert: join(this.scratch, 'cert.pem'), key: join(this.scratch, 'key.pem') }
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', '/CN=bench.example.com', '-keyout', certificate.key, '-out', certificate.cert]
    execFileSync('openssl', args, { stdio: 'ignore' })
    this.made = certificate
    return certificate
  }
}
