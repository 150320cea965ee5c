// After an upgrade both sides are bytes. Nothing is read into them; a table swap does not concern them; only idleness, the
// drain limit or either side ends them.
import type { GatewayError } from '../../model/error.ts'
import type { Connection } from './connection.ts'
import type { Downstream } from './downstream.ts'
import type { Response, ResponseSink } from './response.ts'
import { owned } from './read-buffers.ts'

/** Milliseconds that the other side has after one has ended its direction. */
const HALF_CLOSED_MS = 5000

/** Close frames of RFC 6455 with status 1001 (going away): bare for the client, masked (with zeros) for the endpoint. */
const CLOSE_TO_CLIENT = Buffer.from([0x88, 0x02, 0x03, 0xe9])
const CLOSE_TO_ENDPOINT = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9])

export class Tunnel implements ResponseSink {
  bytesIn = 0
  private readonly client: Downstream
  private readonly response: Response
  private readonly connection: Connection
  private readonly websocket: boolean
  private clientDone = false
  private resolve: (() => void) | undefined

  constructor(client: Downstream, response: Response, connection: Connection, protocol: string) {
    this.client = client
    this.response = response
    this.connection = connection
    this.websocket = protocol === 'websocket'
  }

  /** Sends the 101 and what came early, then lets both sides flow. Resolves when the tunnel is over. */
  open(head: string, early: Buffer | undefined): Promise<void> {
    this.connection.onTunnel(1)
    this.client.wire.text(head)
    this.touch()
    const over = new Promise<void>((resolve) => {
      this.resolve = resolve
    })
    this.response.relayTo(this)
    if (early !== undefined) this.fromClient(early)
    this.client.resumeReading()
    return over
  }

  fromClient(bytes: Buffer): void {
    this.bytesIn += bytes.length
    this.touch()
    if (!this.response.source.writeRaw(bytes)) this.client.pauseReading()
  }

  writeResponse(bytes: Buffer): boolean {
    this.client.reply.bytesOut += bytes.length
    this.touch()
    return this.client.wire.bytes(owned(bytes))
  }

  /** The endpoint has ended its direction. */
  endResponse(): void {
    this.client.wire.end()
    if (this.clientDone) this.over()
    else this.client.deadline = this.connection.sweep.now + HALF_CLOSED_MS
  }

  /** A tunnel has no framing that could be cut: however the endpoint left, the client's side ends too. */
  failResponse(_error: GatewayError): void {
    this.over()
  }

  clientTakesMore(): void {
    this.response.resume()
  }

  clientEnded(): void {
    this.clientDone = true
    this.response.source.endRaw()
    if (this.response.ended) this.over()
    else this.client.deadline = this.connection.sweep.now + HALF_CLOSED_MS
  }

  /** The client's connection is gone. */
  clientGone(): void {
    this.response.abandon()
    this.response.source.abort()
    this.close()
  }

  /** No byte for the idle time, or half closed for too long. */
  idle(): void {
    if (!this.clientDone && !this.response.ended) {
      this.connection.onTunnelIdle()
      return this.goAway()
    }
    this.over()
  }

  /** Ends the tunnel politely where its protocol has a word for it. */
  goAway(): void {
    if (this.websocket) {
      this.client.wire.bytes(CLOSE_TO_CLIENT)
      this.response.source.writeRaw(CLOSE_TO_ENDPOINT)
    }
    this.client.wire.end()
    this.response.source.endRaw()
    this.clientDone = true
    this.client.deadline = this.connection.sweep.now + HALF_CLOSED_MS
  }

  private touch(): void {
    if (!this.clientDone) this.client.deadline = this.connection.sweep.after(this.connection.limits.tunnelTimeout)
  }

  private over(): void {
    this.close()
    this.client.destroy()
  }

  private close(): void {
    if (this.resolve === undefined) return
    this.connection.onTunnel(-1)
    this.resolve()
    this.resolve = undefined
  }
}
