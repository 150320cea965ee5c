// Requests on one keep-alive connection, one after another, that tell which instance answered: from when a change is effective.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

/** One connection that asks for one host after another. */
export class Probe {
  private readonly socket: Socket
  private answered: ((text: string) => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    // The answers are small and come whole.
    socket.on('data', (bytes: Buffer) => this.answered?.(bytes.toString('latin1')))
    socket.on('error', () => this.answered?.(''))
  }

  static async open(port: number): Promise<Probe> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Probe(socket)
  }

  /** The address of the instance that answered, or the head of another answer. */
  async ask(host: string): Promise<string> {
    const text = await new Promise<string>((resolve) => {
      this.answered = resolve
      this.socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
    })
    return /^HTTP\/1.1 200/.test(text) ? (text.split('\r\n\r\n')[1] ?? '').trim() : (text.split('\r\n')[0] ?? '')
  }

  /** Milliseconds until a request is the first that the wanted instance answered; Infinity after `limit`. */
  async until(host: string, wanted: string, since: number, limit: number): Promise<number> {
    for (;;) {
      const asked = performance.now()
      if ((await this.ask(host)) === wanted) return asked - since
      if (asked - since > limit) return Infinity
    }
  }

  close(): void {
    this.socket.destroy()
  }
}
