// The worker processes: started, told what changes, counted together, and replaced when one dies.
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { WorkerView } from '../model/admin.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { Revision } from '../model/snapshot.ts'
import { emptyDump, type InstrumentsDump, mergeDumps, retainSeries, retireDump } from '../telemetry/dump.ts'
import { WORKER_EXEC_ARGV } from './brief-collections.ts'
import { Broadcast } from './broadcast.ts'
import { DEAD } from './heartbeat.ts'
import { Member, type MemberOwner } from './member.ts'
import type { WorkerOptions, WorkerStart } from './messages.ts'
import { checkPort } from './port-check.ts'
import type { Serving } from './serving.ts'

/** Milliseconds to wait before a worker is replaced that died within `QUICK_MS` of its start; doubled each time. */
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5000
const QUICK_MS = 5000
/** A worker that does not serve a new table in this time is waited for no more until it does: the others shall get the next one. */
const UPTAKE_MS = 10_000

/** The workers of one gateway. */
export class Fleet implements Serving, MemberOwner {
  restarts = 0
  private readonly platform: Platform
  private readonly size: number
  private readonly dead: number
  private readonly members = new Set<Member>()
  /** Counts of workers that are gone. */
  private base: InstrumentsDump = emptyDump()
  private options: WorkerOptions | undefined
  private readonly broadcast = new Broadcast()
  private stopping = false
  private pause = FIRST_PAUSE_MS
  private onApplied: (() => void) | undefined

  /** `size` 0 means one worker for each core. One that answers nothing for `dead` periods of 5 s is replaced. */
  constructor(size: number, platform: Platform, dead = DEAD) {
    this.size = size === 0 ? availableParallelism() : size
    this.platform = platform
    this.dead = dead
    const built = import.meta.url.endsWith('.js')
    cluster.setupPrimary({ exec: fileURLToPath(new URL(built ? './worker.js' : './worker.ts', import.meta.url)), args: [], execArgv: [...process.execArgv, ...WORKER_EXEC_ARGV], silent: false })
  }

  async start(options: WorkerStart): Promise<Readonly<Record<string, number>>> {
    const { table, sets, ...kept } = options
    this.options = kept
    if (kept.reusePort) await Promise.all(kept.listeners.map(checkPort))
    for (const [ref, set] of sets) this.broadcast.useSet(ref, set)
    if (table !== undefined) this.broadcast.useTable(table.config, table.revision, [])
    // The first one settles ports that were left open; the others, and those that replace a dead one, take the same.
    const ports = await this.spawn(kept)
    const settled = { ...kept, listeners: kept.listeners.map((listener) => ({ ...listener, port: ports[listener.name] ?? listener.port })) }
    this.options = settled
    await Promise.all(Array.from({ length: this.size - 1 }, () => this.spawn(settled)))
    return ports
  }

  useTable(config: TableConfig, revision: Revision, labels: ReadonlySet<string>, sets: RefSets): Promise<void> {
    this.base = retainSeries(this.base, new Set(config.routes.map(({ name }) => name)), labels)
    this.broadcast.useTable(config, revision, sets)
    return new Promise((resolve) => {
      this.onApplied?.()
      const over = new AbortController()
      void this.platform.sleep(UPTAKE_MS, over.signal).then(() => over.signal.aborted || this.waitNoMore())
      this.onApplied = () => {
        if (this.waitedFor().length > 0 && this.broadcast.revision === revision.number) return
        over.abort()
        this.onApplied = undefined
        resolve()
      }
      this.onApplied()
    })
  }

  useSet(ref: string, set: EndpointSet): void {
    this.broadcast.useSet(ref, set)
  }

  async instruments(): Promise<InstrumentsDump> {
    // One that starts has nothing to count yet, nor to count with.
    const asked = [...this.members].filter(({ state }) => state !== 'starting')
    return mergeDumps([this.base, ...(await Promise.all(asked.map(({ counts }) => counts.get())))])
  }

  workers(): readonly WorkerView[] {
    return [...this.members].map(({ view }) => view)
  }

  reopenLogs(): void {
    for (const member of this.members) member.tell({ kind: 'reopen' })
  }

  async stop(limit: number): Promise<void> {
    this.stopping = true
    const gone = [...this.members].map((member) => member.gone())
    for (const member of this.members) member.drain(limit)
    const timer = setTimeout(() => {
      for (const member of this.members) member.kill()
    }, limit + 5000)
    await Promise.all(gone)
    clearTimeout(timer)
  }

  /** Starts a worker; resolves with its ports. Rejects when it cannot listen. */
  private spawn(options: WorkerOptions): Promise<Readonly<Record<string, number>>> {
    const member = new Member(cluster.fork(), this.platform, this.dead, this)
    this.members.add(member)
    return member.start(options, this.broadcast)
  }

  /** A worker that dies unasked is replaced; the others keep serving. */
  onExit(member: Member, code: number | null, signal: string | null): void {
    this.members.delete(member)
    this.base = mergeDumps([this.base, retireDump(member.counts.last)])
    this.onApplied?.()
    if (this.stopping || member.state === 'starting') return
    const lived = this.platform.wallClock() - member.startedAt
    this.pause = lived < QUICK_MS ? Math.min(LAST_PAUSE_MS, this.pause * 2) : FIRST_PAUSE_MS
    this.restarts++
    this.platform.log('error', 'a worker died and is replaced', { pid: member.pid, code, signal, livedMs: lived })
    setTimeout(() => this.replace(), lived < QUICK_MS ? this.pause : 0)
  }

  private replace(): void {
    if (this.stopping || this.options === undefined) return
    this.spawn(this.options).catch((error: Error) => {
      this.platform.log('error', 'a worker could not be replaced, trying again', { error: error.message })
      setTimeout(() => this.replace(), LAST_PAUSE_MS)
    })
  }

  onUptake(member: Member): void {
    if (member.missedTable && member.revision === this.broadcast.revision) {
      member.missedTable = false
      this.platform.log('info', 'a worker that stood still serves the present table', { pid: member.pid, revision: member.revision })
    }
    this.onApplied?.()
  }

  /** Workers that shall serve the present table and do not yet. */
  private waitedFor(): readonly Member[] {
    return [...this.members].filter((member) => member.state === 'running' && !member.missedTable && member.revision !== this.broadcast.revision)
  }

  private waitNoMore(): void {
    for (const member of this.waitedFor()) {
      member.missedTable = true
      this.platform.log('error', 'a worker does not take the new table; the others serve it', { pid: member.pid, revision: member.revision, wanted: this.broadcast.revision })
    }
    this.onApplied?.()
  }
}
