// Whose turn it is to be asked for checks. An agent passes each such question on to the machine that runs the allocation, a client in
// Nomad's words: one that is frozen answers nothing, and must not keep the others from being asked.
import type { Platform } from '../../src/model/platform.ts'
import { createSlots, holding } from '../slots.ts'

/** Questions at once, beside those for lists: an agent grants 100 connections to one client of its own. */
const AT_ONCE = 4
/** Questions at once to clients in doubt, beside those. */
const DOUBTED_AT_ONCE = 2
/** A client that has not answered for so long is in doubt, milliseconds: no other question waits for that one any more, but those to the same client. */
const SLOW = 500
/** Clients in doubt that are remembered. */
const MAX_DOUBTED = 10_000

/** The questions to the clients of one registry. */
export class ClientTurns {
  readonly #platform: Platform
  readonly #slots = createSlots(AT_ONCE)
  readonly #doubtSlots = createSlots(DOUBTED_AT_ONCE)
  /** Clients in doubt, each with the one question to it that is under way: true once the next one may be asked, false when it was silent. */
  readonly #doubted = new Map<string, Promise<boolean> | undefined>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /**
   * Asks a client when it is its turn; `urgent` goes before others. `question` gives undefined for silence and when the signal is aborted. Undefined as well
   * where it was not asked, since the client was silent to another question meanwhile.
   */
  async ask<T>(client: string, urgent: boolean, signal: AbortSignal, question: () => Promise<T | undefined>): Promise<T | undefined> {
    while (!signal.aborted) {
      const underWay = this.#doubted.get(client)
      if (underWay !== undefined) {
        if (!(await orAborted(underWay, signal))) return undefined
      } else if (this.#doubted.has(client)) {
        return this.#probe(client, signal, question)
      } else {
        if (!(await this.#slots.take(signal, urgent))) return undefined
        if (!this.#doubted.has(client)) return this.#askTrusted(client, signal, question)
        this.#slots.give()
      }
    }
    return undefined
  }

  /** Whether a client did not answer last. */
  doubts(client: string): boolean {
    return this.#doubted.has(client)
  }

  async #askTrusted<T>(client: string, signal: AbortSignal, question: () => Promise<T | undefined>): Promise<T | undefined> {
    const answer = question()
    const late = (): void => {
      if (this.#doubted.get(client) === undefined) void this.#doubt(client, signal, answer)
    }
    const got = await holding(this.#platform, this.#slots, SLOW, answer, late)
    if (got !== undefined) this.#doubted.delete(client)
    return got
  }

  #probe<T>(client: string, signal: AbortSignal, question: () => Promise<T | undefined>): Promise<T | undefined> {
    const answer = async (): Promise<T | undefined> => {
      if (!(await this.#doubtSlots.take(signal))) return undefined
      return question().finally(() => this.#doubtSlots.give())
    }
    return this.#doubt(client, signal, answer())
  }

  /** Doubts a client until this question, or a later one, was answered. */
  async #doubt<T>(client: string, signal: AbortSignal, answer: Promise<T | undefined>): Promise<T | undefined> {
    // One that was stopped says nothing.
    const next = answer.then((got) => got !== undefined || signal.aborted)
    this.#doubted.delete(client)
    this.#doubted.set(client, next)
    for (const oldest of this.#doubted.keys()) {
      if (this.#doubted.size <= MAX_DOUBTED) break
      this.#doubted.delete(oldest)
    }
    const got = await answer
    if (got !== undefined) this.#doubted.delete(client)
    else if (this.#doubted.get(client) === next) this.#doubted.set(client, undefined)
    return got
  }
}

function orAborted(waited: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const abort = (): void => resolve(false)
    signal.addEventListener('abort', abort)
    void waited.then((said) => {
      signal.removeEventListener('abort', abort)
      resolve(said)
    })
  })
}
