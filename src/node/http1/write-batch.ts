// Small writes of many connections, held back to the end of the event loop's turn. A write wakes whoever sleeps at its other end,
// which costs the kernel more than copying a head does. Writes that leave close together find the peer awake from the one before.

/** Writes held back at most: the first of them must not wait for all of a long turn. */
const MOST = 32
/** Turns with one write each after which holding back is for nothing: there is nobody to leave with. */
const ALONE = 16
/** Writes that leave at once then, until it is tried again. */
const AT_ONCE = 512

/** A connection with text that is held back. */
export interface Held {
  /** Writes it. Never throws. */
  writeHeld(): void
}

/** What is held back in one process. */
export class WriteBatch {
  private readonly waiting: Held[] = []
  /** Turns in a row with one write. */
  private alone = 0
  private atOnce = 0
  private readonly atEndOfTurn: (run: () => void) => void

  /** `atEndOfTurn` calls back once, when what the event loop has ready now has been handled. */
  constructor(atEndOfTurn: (run: () => void) => void) {
    this.atEndOfTurn = atEndOfTurn
  }

  /** Whether the next write should be held back. To be asked once for each. */
  get holds(): boolean {
    if (this.atOnce === 0) return true
    this.atOnce--
    return false
  }

  /** Has `held` write at the end of this turn, or before. */
  add(held: Held): void {
    const { waiting } = this
    if (waiting.push(held) === 1) this.atEndOfTurn(this.onEndOfTurn)
    else if (waiting.length === MOST) this.writeAll()
  }

  private readonly onEndOfTurn = (): void => {
    this.alone = this.waiting.length === 1 ? this.alone + 1 : 0
    if (this.alone === ALONE) {
      this.alone = 0
      this.atOnce = AT_ONCE
    }
    this.writeAll()
  }

  private writeAll(): void {
    const { waiting } = this
    // A failed write may make another: what is added meanwhile is written as well.
    for (let i = 0; i < waiting.length; i++) waiting[i]?.writeHeld()
    waiting.length = 0
  }
}
