// When the server of a feed was last heard, and who is told: every watched service counts as confirmed by a sign of life.
import type { Platform } from '../../src/model/platform.ts'

/** Services that hear of a sign of life at once, and the time until the next ones do, milliseconds: two thousand have heard after five seconds. */
const AT_ONCE = 4
const TURN = 10
/** The same for what is passed on only so that nothing looks older than it is, which is no hurry. */
const CALM_TURN = 40
/** Between two signs of life that are passed on, milliseconds; and at least so long for each service, or thousands of them would be asked all the time. */
const SIGN_GAP = 10_000
const GAP_EACH = 25

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
    this.#pass([...services], TURN)
  }

  /** The same, for what comes often: passed on now and then only. */
  note(services: ReadonlyMap<string, unknown>): void {
    this.heard = this.#platform.now()
    if (this.heard - this.#passedOn >= Math.max(SIGN_GAP, services.size * GAP_EACH)) this.#pass([...services.keys()], CALM_TURN)
  }

  #pass(services: readonly string[], turn: number): void {
    this.heard = this.#passedOn = this.#platform.now()
    void this.#wakeInTurn(services, turn)
  }

  /** Two thousand at once would stop the process for a tenth of a second, and every change that comes then with it. */
  async #wakeInTurn(services: readonly string[], turn: number): Promise<void> {
    for (let from = 0; from < services.length && !this.#life.aborted; from += AT_ONCE) {
      if (from > 0) await this.#platform.sleep(turn, this.#life)
      this.#wake(services.slice(from, from + AT_ONCE))
    }
  }
}
