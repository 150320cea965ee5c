// Deadlines of connections, checked together on one coarse tick: a timer for each request would cost more than the request's parsing.

/** Milliseconds between two looks, and so the coarseness of every limit on a connection. */
const TICK_MS = 50

/** Something with a deadline. */
export interface Timed {
  /** `Sweep.now` after which `onDeadline` is called; 0 for none. Set it again, or to 0, in the call. */
  deadline: number
  onDeadline(): void
  /** Ends the connection at once. */
  destroy(): void
}

/** The connections of one process that have limits. */
export class Sweep {
  /** Monotonic milliseconds as of the last tick. */
  now: number
  private readonly members = new Set<Timed>()
  private readonly timer: NodeJS.Timeout
  private readonly clock: () => number
  private readonly report: (defect: unknown) => void

  /** `report` is told what should never have been thrown. */
  constructor(clock: () => number, report: (defect: unknown) => void) {
    this.clock = clock
    this.report = report
    this.now = clock()
    this.timer = setInterval(() => this.tick(), TICK_MS)
    this.timer.unref()
  }

  /** The deadline of a limit that begins now; 0, as a limit or as a deadline, is none. */
  after(limit: number): number {
    return limit === 0 ? 0 : this.now + limit
  }

  add(member: Timed): void {
    this.members.add(member)
  }

  remove(member: Timed): void {
    this.members.delete(member)
  }

  /** A defect of ours, thrown where nobody could catch it, ends the connection it shows on, and not the process with all the others. */
  endDefective(member: Timed, defect: unknown): void {
    this.report(defect)
    this.members.delete(member)
    try {
      member.destroy()
    } catch (another) {
      this.report(another)
    }
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Late ticks count once: after the process itself was paused, nobody is timed out for the pause. */
  private tick(): void {
    const now = this.clock()
    const jump = now - this.now - TICK_MS
    this.now = now
    for (const member of this.members) {
      if (member.deadline === 0) continue
      if (jump > 1000) member.deadline += jump
      if (now < member.deadline) continue
      try {
        member.onDeadline()
      } catch (defect) {
        this.endDefective(member, defect)
      }
    }
  }
}
