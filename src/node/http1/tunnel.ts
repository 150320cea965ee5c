// After an upgrade both sides are bytes. Nothing is read into them; a table swap does not concern them; only idleness, the
// drain limit or either side ends them.
import type { GatewayError } from '../../model/error.ts'
import type { ResponseHead } from '../../model/request.ts'
import type { Connection } from './connection.ts'
import type { Response, ResponseSink } from './response.ts'
import { owned } from './read-buffers.ts'
import type { Wire } from './wire.ts'
import { responseStart } from './write.ts'

/** Milliseconds without a byte, once one side has ended its direction. */
const HALF_CLOSED_MS = 5000

/** Close frames of RFC 6455 with status 1001 (going away): bare for the client, masked (with zeros) for the endpoint. */
const CLOSE_TO_CLIENT = Buffer.from([0x88, 0x02, 0x03, 0xe9])
const CLOSE_TO_ENDPOINT = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9])

/** The client's connection, as far as its tunnel acts on it. */
export interface TunnelOwner {
  readonly wire: Pick<Wire, 'text' | 'bytes' | 'end' | 'backlog'>
  /** What the client is sent counts as its answer. */
  readonly reply: { bytesOut: number }
  deadline: number
  pauseReading(): void
  resumeReading(): void
  destroy(): void
}

/** Both sides of one upgraded connection. */
export class Tunnel implements ResponseSink {
  bytesIn = 0
  private readonly client: TunnelOwner
  private readonly response: Response
  private readonly connection: Connection
  private readonly protocol: string
  private clientDone = false
  /** Ends that wait for what was written before them. */
  private ending = 0
  /** Told both sides to go: what they still send keeps nothing open. */
  private leaving = false
  private resolve: (() => void) | undefined

  constructor(client: TunnelOwner, response: Response, connection: Connection, protocol: string) {
    this.client = client
    this.response = response
    this.connection = connection
    this.protocol = protocol
  }

  /** Sends the 101 and what came early, then lets both sides flow. Resolves when the tunnel is over. */
  open(head: ResponseHead, early: Buffer | undefined): Promise<void> {
    this.connection.onTunnel(1)
    this.client.wire.text(`${responseStart(101, head.reason, head.headers)}connection: upgrade\r\nupgrade: ${this.protocol}\r\n\r\n`)
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
    if (this.response.ended && !this.response.source.open) return this.over()
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
    this.endClient()
    this.settle()
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
    this.endEndpoint()
    this.settle()
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
    if (this.protocol === 'websocket') {
      this.client.wire.bytes(CLOSE_TO_CLIENT)
      this.response.source.writeRaw(CLOSE_TO_ENDPOINT)
    }
    this.endClient()
    this.endEndpoint()
    this.clientDone = this.leaving = true
    this.client.deadline = this.connection.sweep.after(HALF_CLOSED_MS)
  }

  private endClient(): void {
    this.ending++
    this.client.wire.end(() => this.onEnded())
  }

  private endEndpoint(): void {
    this.ending++
    this.response.source.endRaw(() => this.onEnded())
  }

  private onEnded(): void {
    this.ending--
    this.settle()
  }

  /** Over when both sides have ended their direction and have all that the other one sent. */
  private settle(): void {
    if (this.clientDone && this.response.ended && this.ending === 0) this.over()
    else this.touch()
  }

  private touch(): void {
    if (!this.leaving) this.client.deadline = this.connection.sweep.after(this.patience())
  }

  /** Milliseconds until the next byte. */
  private patience(): number {
    const { limits } = this.connection
    if (!this.clientDone && !this.response.ended) return limits.tunnelTimeout
    // A slow reader gets the time of a body for what waits for it.
    return this.client.wire.backlog + this.response.source.backlog > 0 ? limits.bodyTimeout : HALF_CLOSED_MS
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
