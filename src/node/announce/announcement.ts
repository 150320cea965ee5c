// The life of one announcement: registered once the gateway serves, kept alive, taken out of service when it drains, and then
// removed. One call at a time, so that no heartbeat that is still under way registers what has just been removed.
import type { AnnouncementView } from '../../model/admin.ts'
import { messageOf } from '../../model/error.ts'
import type { Platform } from '../../model/platform.ts'
import { backoff } from '../../../discovery/backoff.ts'

/** How often it is looked whether the gateway serves, milliseconds. */
const LOOK = 250

/**
 * What a call to the registry came to. `unknown`: it does not know this instance (any more). `partly`: it knows it, and has not taken all that is
 * said of it, which the next call tries again.
 */
export type CallResult = { readonly kind: 'done' | 'unknown' } | { readonly kind: 'failed' | 'partly'; readonly message: string }

/** The calls to a registry, each bounded in time. They never reject. */
export interface Registrar {
  register(): Promise<CallResult>
  renew(): Promise<CallResult>
  /** Says that no new requests should come. */
  drain(): Promise<CallResult>
  leave(): Promise<CallResult>
}

export interface AnnouncementOptions {
  /** Name of the registry in the configuration, and how the instance is called there. */
  readonly registry: string
  readonly instance: string
  /** Between two heartbeats, milliseconds. */
  readonly heartbeat: number
  /** How long the gateway is kept up after `drain` was said, milliseconds. */
  readonly drain: number
  /** Whether the gateway may get traffic. */
  ready(): boolean
  /** Made when it is first needed; a rejection is a failure like others. */
  connect(): Promise<Registrar>
}

/** One gateway in one registry. */
export class Announcement {
  private readonly platform: Platform
  private readonly options: AnnouncementOptions
  private readonly life = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private registrar: Registrar | undefined
  /** The registry said that it has it. */
  private registered = false
  /** A registration was sent: whatever was heard of it, it may have been taken. */
  private sent = false
  private present: AnnouncementView

  constructor(platform: Platform, options: AnnouncementOptions) {
    this.platform = platform
    this.options = options
    this.present = { registry: options.registry, instance: options.instance, state: 'waiting', since: platform.wallClock(), failures: 0 }
  }

  get view(): AnnouncementView {
    return this.present
  }

  /** Begins; returns at once. */
  start(): void {
    this.running = this.run(this.life.signal)
  }

  /** Ends the heartbeats, says that the gateway drains, and gives clients time to hear it. */
  async drain(): Promise<void> {
    await this.end()
    const registrar = this.registrar
    if (!this.sent || registrar === undefined) return
    this.become('draining')
    const told = await registrar.drain()
    // Who could not be told will not go away either, and where nobody knows it there is nobody to wait for.
    if (!this.take('drain', told) || (told.kind === 'unknown' && !this.registered)) return
    const { now, sleep } = this.platform
    const until = now() + this.options.drain
    for (let left = until - now(); left > 0; left = until - now()) {
      await sleep(Math.min(left, this.options.heartbeat))
      // Never registers again: who is unknown now has left already.
      if (until > now()) this.take('renew', await registrar.renew())
    }
  }

  /** Removes it. */
  async leave(): Promise<void> {
    await this.end()
    const registrar = this.registrar
    if (!this.sent || registrar === undefined) return
    this.sent = false
    if (this.take('leave', await registrar.leave())) this.become('gone')
  }

  // What is under way comes to its end first, a registration included.
  private async end(): Promise<void> {
    this.life.abort()
    await this.running
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { platform, options } = { platform: this.platform, options: this.options }
    while (!signal.aborted && !options.ready()) await platform.sleep(LOOK, signal)
    if (!signal.aborted) this.become('registering')
    while (!signal.aborted) {
      const fine = await this.turn()
      if (signal.aborted) return
      const pause = fine ? options.heartbeat * (0.9 + 0.1 * platform.random()) : Math.min(options.heartbeat, backoff(this.present.failures, platform.random()))
      await platform.sleep(pause, signal)
    }
  }

  private async turn(): Promise<boolean> {
    this.registrar ??= await this.connect()
    if (this.registrar === undefined) return false
    if (!this.registered) return this.register(this.registrar)
    const answer = await this.registrar.renew()
    if (answer.kind !== 'unknown') return this.take('renew', answer)
    this.registered = false
    this.sent = false
    this.become('registering')
    // Not when it was stopped meanwhile: that would be a registration that nobody removes.
    return this.life.signal.aborted ? false : this.register(this.registrar)
  }

  private async register(registrar: Registrar): Promise<boolean> {
    this.sent = true
    const answer = await registrar.register()
    const fine = this.take('register', answer)
    if (answer.kind === 'failed') return false
    this.registered = true
    this.become('up')
    return fine
  }

  private async connect(): Promise<Registrar | undefined> {
    try {
      return await this.options.connect()
    } catch (error) {
      this.take('register', { kind: 'failed', message: messageOf(error) })
      return undefined
    }
  }

  // A line in the log for the first failure and for its end, none for those in between.
  private take(what: string, answer: CallResult): boolean {
    const { registry, instance } = this.options
    const at = this.platform.wallClock()
    const { lastError: _, ...rest } = this.present
    if (!('message' in answer)) {
      if (this.present.failures > 0) this.platform.log('info', `${registry}: the announcement of this gateway works again`, { registry, instance })
      this.present = { ...rest, failures: 0, lastSuccess: at }
      return true
    }
    if (this.present.failures === 0) this.platform.log('warn', `${registry}: this gateway could not be announced${answer.kind === 'partly' ? ' wholly' : ''} (${what}): ${answer.message}`, { registry, instance })
    this.present = { ...rest, failures: this.present.failures + 1, lastError: { at, message: `${what}: ${answer.message}` } }
    return false
  }

  private become(state: AnnouncementView['state']): void {
    if (this.present.state === state) return
    this.present = { ...this.present, state, since: this.platform.wallClock() }
    if (state !== 'registering') this.platform.log('info', `${this.options.registry}: this gateway is ${state}`, { registry: this.options.registry, instance: this.options.instance })
  }
}
