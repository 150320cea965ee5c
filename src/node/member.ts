// One worker process as the main process sees it: what it is told, what it says, and whether it still says anything.
import type { Worker } from 'node:cluster'
import type { WorkerView } from '../model/admin.ts'
import type { Platform } from '../model/platform.ts'
import type { Broadcast } from './broadcast.ts'
import { Heartbeat } from './heartbeat.ts'
import type { FromWorker, ToWorker, WorkerOptions } from './messages.ts'
import { WorkerCounts } from './worker-counts.ts'

/** Ports by the names of their listeners. */
type Ports = Readonly<Record<string, number>>

/** Who hears of a worker. */
export interface MemberOwner {
  /** It serves the table of its `revision` from now on. */
  onUptake(member: Member): void
  /** It is gone, whether or not it was asked to go. */
  onExit(member: Member, code: number | null, signal: string | null): void
}

/** One worker of a fleet, from its start to its end. */
export class Member {
  state: 'starting' | 'running' | 'draining' = 'starting'
  /** Of the table that it serves; 0 before the first. */
  revision = 0
  /** It did not take a table in time: it stands still, or the machine is very busy. */
  missedTable = false
  /** Wall clock milliseconds. */
  readonly startedAt: number
  readonly counts: WorkerCounts
  private readonly worker: Worker
  private readonly platform: Platform
  private readonly owner: MemberOwner
  private readonly heartbeat: Heartbeat
  private readonly life = new AbortController()
  private readonly listening = Promise.withResolvers<Ports>()

  /** `worker` was forked just now. It counts as hung when it answers nothing for `dead` periods of its heartbeat. */
  constructor(worker: Worker, platform: Platform, dead: number, owner: MemberOwner) {
    this.worker = worker
    this.platform = platform
    this.owner = owner
    this.startedAt = platform.wallClock()
    this.counts = new WorkerCounts(() => this.tell({ kind: 'report' }), platform)
    this.heartbeat = new Heartbeat(platform, () => this.tell({ kind: 'ping' }), dead)
  }

  get pid(): number | undefined {
    return this.worker.process.pid
  }

  get view(): WorkerView {
    const { worker, pid = 0, state, startedAt, revision } = this
    return { id: worker.id, pid, state: state === 'running' && this.heartbeat.isSilent ? 'silent' : state, startedAt, revision }
  }

  /** Tells it all that it is to know, and then what changes. Resolves with its ports; rejects when it cannot listen. */
  start(options: WorkerOptions, broadcast: Broadcast): Promise<Ports> {
    this.tell({ kind: 'start', ...options })
    const feed = broadcast.join((message, sent) => this.tell(message, sent))
    this.worker.on('error', () => {})
    this.worker.on('message', (message: FromWorker) => this.take(message))
    this.worker.once('exit', (code, signal) => {
      feed.leave()
      this.onExit(code, signal)
    })
    return this.listening.promise
  }

  /** `sent` is called in a later turn of the event loop, when the message is written. */
  tell(message: ToWorker, sent: () => void = () => {}): void {
    if (this.worker.isConnected()) this.worker.send(message, () => setImmediate(sent))
  }

  /** Lets its requests finish for at most `limit` milliseconds; then it ends. */
  drain(limit: number): void {
    this.state = 'draining'
    this.tell({ kind: 'drain', limit })
  }

  kill(): void {
    this.worker.process.kill('SIGKILL')
  }

  /** Resolves when it is gone. */
  gone(): Promise<void> {
    return new Promise((resolve) => this.worker.once('exit', () => resolve()))
  }

  private take(message: FromWorker): void {
    if (message.kind === 'listening') {
      this.state = 'running'
      void this.watch()
      this.listening.resolve(message.ports)
    } else if (message.kind === 'failed') {
      this.listening.reject(new Error(message.message))
      this.kill()
    } else if (message.kind === 'applied') {
      this.revision = message.revision
      this.owner.onUptake(this)
    } else if (message.kind === 'pong') this.heartbeat.answered()
    else this.counts.take(message.dump)
  }

  /** Ends it when it hangs; its exit has it replaced. */
  private async watch(): Promise<void> {
    if (!(await this.heartbeat.run(this.life.signal))) return
    this.platform.log('error', 'a worker answers nothing and is ended', { pid: this.pid })
    this.kill()
  }

  private onExit(code: number | null, signal: string | null): void {
    this.life.abort()
    this.listening.reject(new Error(`a worker ended while starting (${signal ?? code})`))
    this.owner.onExit(this, code, signal)
  }
}
