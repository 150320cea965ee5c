// A client connection of the engine that a test sends to without a socket, and the time as the sweep makes it pass.
import type { Downstream } from '../../src/node/http1/downstream.ts'

/** Milliseconds between two looks of the sweep. */
const TICK = 50

/** Gives a connection bytes as if they had been read, one for each character. */
export function sendTo(client: Downstream, text: string): void {
  const bytes = Buffer.from(text, 'latin1')
  client.onBytes(bytes, bytes.length)
}

/** Platform time, milliseconds. */
export class SweptTime {
  now = 1000

  /** Goes on by so many seconds and tells the connection when its time is over; false when it was `over` meanwhile. */
  pass(client: Downstream, seconds: number, over: () => boolean = () => false): boolean {
    for (const until = this.now + seconds * 1000; this.now < until; ) {
      this.now += TICK
      if (client.deadline !== 0 && this.now >= client.deadline) client.onDeadline()
      if (over()) return false
    }
    return true
  }
}
