// How long the main process stands still: it is asked for its health again and again, and the longest wait counts.
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two questions. */
const EVERY = 2

export class Stall {
  private longest = 0
  private readonly ending = new AbortController()
  private readonly asking: Promise<void>

  /** `admin` is the port of the admin server. */
  constructor(admin: number) {
    this.asking = this.ask(`http://127.0.0.1:${admin}/api/health`)
  }

  /** The longest wait for an answer, milliseconds, since the last time this was asked. */
  take(): number {
    const { longest } = this
    this.longest = 0
    return longest
  }

  async stop(): Promise<void> {
    this.ending.abort()
    await this.asking
  }

  private async ask(url: string): Promise<void> {
    while (!this.ending.signal.aborted) {
      const began = performance.now()
      await (await fetch(url)).arrayBuffer()
      this.longest = Math.max(this.longest, performance.now() - began)
      await sleep(EVERY)
    }
  }
}
