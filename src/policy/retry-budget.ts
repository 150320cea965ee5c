// Keeps retries a small share of requests, so that a service in trouble is not buried under them.

/** Retries allowed for each request made. */
const SHARE = 0.2
/** Retries a second that are always allowed, so that services with little traffic can retry at all. */
const FLOOR_PER_SECOND = 10
/** At most so many retries saved up. */
const CAP = 100

/** A token bucket for one service in one worker (Finagle's RetryBudget: 20 % and 10 a second). */
export class RetryBudget {
  private tokens = FLOOR_PER_SECOND
  private at: number

  /** `now` in platform milliseconds. */
  constructor(now: number) {
    this.at = now
  }

  /** Counts a request. */
  deposit(): void {
    this.tokens = Math.min(CAP, this.tokens + SHARE)
  }

  /** Takes one retry; false when there is none left. */
  withdraw(now: number): boolean {
    const elapsed = Math.max(0, now - this.at)
    this.at = now
    this.tokens = Math.min(CAP, this.tokens + (elapsed / 1000) * FLOOR_PER_SECOND)
    if (this.tokens < 1) return false
    this.tokens -= 1
    return true
  }
}
