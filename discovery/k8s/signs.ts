// When the server of a feed was last heard, and who is told: every watched service counts as confirmed by a sign of life.
import type { Platform } from '../../src/model/platform.ts'

/** Services that hear of a sign of life at once, and the time until the next ones do, milliseconds. */
const AT_ONCE = 10
const TURN = 5
/** Between two signs of life that are passed on, milliseconds. */
const SIGN_GAP = 10_000

/** The signs of life of one feed. */
export class Signs {
  /** When the server was last heard, monotonic milliseconds. */
  heard = -Infinity
  readonly #platform: Platform
  readonly #wake: (services: readonly string[]) => void
  readonly #life: AbortSignal
  #passedOn = -Infinity

  /** `wake` is told of a sign; nothing more is passed on once `life` is over. */
  constructor(platform: Platform, wake: (services: readonly string[]) => void, life: AbortSignal) {
    this.#platform = platform
    this.#wake = wake
    this.#life = life
  }

  /** The server was heard: what is known is what holds. These services are told. */
  pass(services: Iterable<string>): void {
    this.heard = this.#passedOn = this.#platform.now()
    void this.#wakeInTurn([...services])
  }

  /** The same, for what comes often: passed on now and then only. */
  note(services: Iterable<string>): void {
    this.heard = this.#platform.now()
    if (this.heard - this.#passedOn >= SIGN_GAP) this.pass(services)
  }

  /** Two thousand at once would stop the process for a tenth of a second, and every change that comes then with it. */
  async #wakeInTurn(services: readonly string[]): Promise<void> {
    for (let from = 0; from < services.length && !this.#life.aborted; from += AT_ONCE) {
      if (from > 0) await this.#platform.sleep(TURN, this.#life)
      this.#wake(services.slice(from, from + AT_ONCE))
    }
  }
}
