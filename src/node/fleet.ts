// The worker processes: started, told what changes, counted together, and replaced when one dies.
import cluster, { type Worker } from 'node:cluster'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { WorkerView } from '../model/admin.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { Revision } from '../model/snapshot.ts'
import { emptyDump, type InstrumentsDump, mergeDumps, retainSeries, retireDump } from '../telemetry/dump.ts'
import { Broadcast } from './broadcast.ts'
import { DEAD, Heartbeat } from './heartbeat.ts'
import type { FromWorker, ToWorker, WorkerOptions, WorkerStart } from './messages.ts'
import { checkPort } from './port-check.ts'
import type { Serving } from './serving.ts'
import { WorkerCounts } from './worker-counts.ts'

/** Milliseconds to wait before a worker is replaced that died within `QUICK_MS` of its start; doubled each time. */
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5000
const QUICK_MS = 5000
/** A worker that does not serve a new table in this time is waited for no more until it does: the others shall get the next one. */
const UPTAKE_MS = 10_000

interface Member {
  readonly worker: Worker
  readonly startedAt: number
  readonly counts: WorkerCounts
  readonly heartbeat: Heartbeat
  state: 'starting' | 'running' | 'draining'
  revision: number
  /** It did not take a table in time: it stands still, or the machine is very busy. */
  missedTable: boolean
}

/** The workers of one gateway. */
export class Fleet implements Serving {
  restarts = 0
  private readonly platform: Platform
  private readonly size: number
  private readonly dead: number
  private readonly members = new Map<number, Member>()
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
    cluster.setupPrimary({ exec: fileURLToPath(new URL(built ? './worker.js' : './worker.ts', import.meta.url)), args: [], silent: false })
  }

  async start(options: WorkerStart): Promise<Readonly<Record<string, number>>> {
    const { table, sets, ...kept } = options
    this.options = kept
    if (kept.reusePort) await Promise.all(kept.listeners.map(checkPort))
    for (const [ref, set] of sets) this.broadcast.useSet(ref, set)
    if (table !== undefined) this.broadcast.useTable(table.config, table.revision, [])
    // The first one settles ports that were left open; the others, and those that replace a dead one, take the same.
    const ports = await this.spawn()
    this.options = { ...kept, listeners: kept.listeners.map((listener) => ({ ...listener, port: ports[listener.name] ?? listener.port })) }
    await Promise.all(Array.from({ length: this.size - 1 }, () => this.spawn()))
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
    const asked = [...this.members.values()].filter(({ state }) => state !== 'starting')
    return mergeDumps([this.base, ...(await Promise.all(asked.map(({ counts }) => counts.get())))])
  }

  workers(): readonly WorkerView[] {
    return [...this.members.values()].map(({ worker, heartbeat, state, startedAt, revision }) => ({ id: worker.id, pid: worker.process.pid ?? 0, state: state === 'running' && heartbeat.isSilent ? 'silent' : state, startedAt, revision }))
  }

  reopenLogs(): void {
    this.tellAll({ kind: 'reopen' })
  }

  async stop(limit: number): Promise<void> {
    this.stopping = true
    for (const member of this.members.values()) member.state = 'draining'
    this.tellAll({ kind: 'drain', limit })
    const gone = [...this.members.values()].map(({ worker }) => new Promise<void>((resolve) => worker.once('exit', () => resolve())))
    const timer = setTimeout(() => {
      for (const { worker } of this.members.values()) worker.process.kill('SIGKILL')
    }, limit + 5000)
    await Promise.all(gone)
    clearTimeout(timer)
  }

  /** Starts a worker; resolves with its ports. Rejects when it cannot listen. */
  private spawn(): Promise<Readonly<Record<string, number>>> {
    const worker = cluster.fork()
    const member: Member = {
      worker,
      startedAt: this.platform.wallClock(),
      counts: new WorkerCounts(() => tell(worker, { kind: 'report' }), this.platform),
      heartbeat: new Heartbeat(this.platform, () => tell(worker, { kind: 'ping' }), this.dead),
      state: 'starting',
      revision: 0,
      missedTable: false,
    }
    const ended = new AbortController()
    this.members.set(worker.id, member)
    if (this.options !== undefined) tell(worker, { kind: 'start', ...this.options })
    const feed = this.broadcast.join((message, sent) => tell(worker, message, sent))
    return new Promise((resolve, reject) => {
      worker.on('error', () => {})
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'listening') {
          member.state = 'running'
          void this.watch(member, ended.signal)
          resolve(message.ports)
        } else if (message.kind === 'failed') {
          reject(new Error(message.message))
          worker.process.kill('SIGKILL')
        } else if (message.kind === 'applied') this.applied(member, message.revision)
        else if (message.kind === 'pong') member.heartbeat.answered()
        else member.counts.take(message.dump)
      })
      worker.once('exit', (code, signal) => {
        feed.leave()
        ended.abort()
        reject(new Error(`a worker ended while starting (${signal ?? code})`))
        this.onExit(member, code, signal)
      })
    })
  }

  /** Ends a worker that hangs; its exit has it replaced. */
  private async watch({ worker, heartbeat }: Member, ended: AbortSignal): Promise<void> {
    if (!(await heartbeat.run(ended))) return
    this.platform.log('error', 'a worker answers nothing and is ended', { pid: worker.process.pid })
    worker.process.kill('SIGKILL')
  }

  /** A worker that dies unasked is replaced; the others keep serving. */
  private onExit(member: Member, code: number | null, signal: string | null): void {
    this.members.delete(member.worker.id)
    this.base = mergeDumps([this.base, retireDump(member.counts.last)])
    this.onApplied?.()
    if (this.stopping || member.state === 'starting') return
    const lived = this.platform.wallClock() - member.startedAt
    this.pause = lived < QUICK_MS ? Math.min(LAST_PAUSE_MS, this.pause * 2) : FIRST_PAUSE_MS
    this.restarts++
    this.platform.log('error', 'a worker died and is replaced', { pid: member.worker.process.pid, code, signal, livedMs: lived })
    setTimeout(() => this.replace(), lived < QUICK_MS ? this.pause : 0)
  }

  private replace(): void {
    if (this.stopping) return
    this.spawn().catch((error: Error) => {
      this.platform.log('error', 'a worker could not be replaced, trying again', { error: error.message })
      setTimeout(() => this.replace(), LAST_PAUSE_MS)
    })
  }

  /** Workers that shall serve the present table and do not yet. */
  private waitedFor(): readonly Member[] {
    return [...this.members.values()].filter((member) => member.state === 'running' && !member.missedTable && member.revision !== this.broadcast.revision)
  }

  private waitNoMore(): void {
    for (const member of this.waitedFor()) {
      member.missedTable = true
      this.platform.log('error', 'a worker does not take the new table; the others serve it', { pid: member.worker.process.pid, revision: member.revision, wanted: this.broadcast.revision })
    }
    this.onApplied?.()
  }

  private applied(member: Member, revision: number): void {
    member.revision = revision
    if (member.missedTable && revision === this.broadcast.revision) {
      member.missedTable = false
      this.platform.log('info', 'a worker that stood still serves the present table', { pid: member.worker.process.pid, revision })
    }
    this.onApplied?.()
  }

  private tellAll(message: ToWorker): void {
    for (const { worker } of this.members.values()) tell(worker, message)
  }
}

/** `sent` is called in a later turn of the event loop, when the message is written. */
function tell(worker: Worker, message: ToWorker, sent: () => void = () => {}): void {
  if (worker.isConnected()) worker.send(message, () => setImmediate(sent))
}
