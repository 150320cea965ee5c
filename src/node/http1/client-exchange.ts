// The request under way on a client connection, as the core asks about it and answers it. A connection has one of these for all of its
// requests, one after another, since an object for each would cost more than it would say.
import type { Socket } from 'node:net'
import type { GatewayError } from '../../model/error.ts'
import type { Exchange, UpstreamResponse } from '../../model/exchange.ts'
import type { RequestHead, ResponseHead } from '../../model/request.ts'
import type { HeaderRules } from '../../model/route.ts'
import { clientClosed } from './client-closed.ts'
import type { Connection } from './connection.ts'
import type { Reply } from './reply.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { Response } from './response.ts'
import type { ParsedResponse } from './response-parser.ts'
import { upgradeOf } from './upgrade.ts'
import type { Upload } from './upload.ts'

/** The connection that the requests come on. */
export interface ExchangeOwner {
  readonly socket: Socket
  /** Nothing is read or answered any more. */
  readonly gone: boolean
  /** A request is under way, and may still be answered. */
  readonly serving: boolean
  /** No byte of its body is missing. */
  readonly bodyDone: boolean
  /** Bytes that came through the tunnel that it has become; undefined before that. */
  readonly tunnelBytes: number | undefined
  /** Of the connection, and of the body while one is awaited. */
  deadline: number
  /** Answers with why the request cannot be served, and ends the connection. */
  refuse(error: GatewayError): void
  /** Joins both sides; resolves when the tunnel is over. */
  openTunnel(response: Response, head: ResponseHead): Promise<void>
  resumeReading(): void
  /** What was thrown while an answer was written ends the connection. */
  onDefect(defect: unknown): void
}

/** The requests of one connection, one after another. */
export class ClientExchange implements Exchange {
  head!: RequestHead
  startedAt = 0
  upgrade = ''
  readonly upload: Upload
  private readonly owner: ExchangeOwner
  private readonly connection: Connection
  private readonly reply: Reply
  private onGone: ((error?: GatewayError) => void) | undefined

  constructor(owner: ExchangeOwner, connection: Connection, reply: Reply, upload: Upload) {
    this.owner = owner
    this.connection = connection
    this.reply = reply
    this.upload = upload
  }

  /** Its head is there. Throws for a malformed handshake. */
  begin(parsed: ParsedRequest): void {
    this.upgrade = upgradeOf(parsed)
    this.head = this.connection.headOf(parsed)
  }

  get socket(): Socket {
    return this.owner.socket
  }

  get trustedPeer(): boolean {
    return this.connection.trustedPeer
  }

  get peerAddress(): string {
    return this.connection.peerAddress
  }

  get peerScheme(): 'http' | 'https' {
    return this.connection.scheme
  }

  get bodyTimeout(): number {
    return this.connection.limits.bodyTimeout
  }

  get gone(): boolean {
    return this.owner.gone
  }

  get replayable(): boolean {
    return this.upload.body === undefined || this.upload.body.replayable
  }

  get uploadedAt(): number {
    return this.upload.wholeAt
  }

  /** What ended the body too early, once it has. */
  get broken(): GatewayError | undefined {
    return this.upload.broken
  }

  get bytesIn(): number {
    return this.owner.tunnelBytes ?? this.upload.body?.bytes ?? 0
  }

  get bytesOut(): number {
    return this.reply.bytesOut
  }

  keepBody(): void {
    this.upload.body?.keepForRetry()
  }

  holdBody(): void {
    // The connection of that try may serve another client by now, which must not be cut when this one leaves.
    this.onGone = undefined
    this.upload.body?.detach()
  }

  ruleTrailers(rules: HeaderRules): void {
    this.upload.body?.ruleTrailers(rules)
  }

  /** Called when the client leaves, or its body breaks, before a response head is there. */
  whenGone(action: ((error?: GatewayError) => void) | undefined): void {
    this.onGone = action
  }

  /** The client has left, or its body broke with that error. */
  tellGone(error?: GatewayError): void {
    const { onGone } = this
    this.onGone = undefined
    onGone?.(error)
  }

  resumeReading(): void {
    this.owner.resumeReading()
  }

  respond(head: ResponseHead, body: string): Promise<void> {
    const { owner, reply } = this
    if (!owner.serving) return Promise.resolve()
    reply.keepAlive &&= owner.bodyDone && this.connection.open
    try {
      reply.local(head, body)
    } catch (defect) {
      owner.onDefect(defect)
    }
    return Promise.resolve()
  }

  relay(upstream: UpstreamResponse, head: ResponseHead, rules: HeaderRules | undefined): Promise<void> | undefined {
    const response = upstream as Response
    const { owner, reply } = this
    if (this.broken !== undefined) owner.refuse(this.broken)
    if (!owner.serving) {
      response.discard()
      return Promise.reject(clientClosed())
    }
    this.onGone = undefined
    if (head.status === 101) return owner.openTunnel(response, head)
    const { bodyDone } = owner
    if (!bodyDone) owner.deadline = 0
    reply.keepAlive &&= bodyDone && this.connection.open
    try {
      return reply.relay(response, head, rules)
    } catch (defect) {
      owner.onDefect(defect)
      throw defect
    }
  }

  relayInterim(parsed: ParsedResponse): void {
    if (!this.owner.serving) return
    this.reply.interim(parsed, this.upload.expects)
    this.upload.onInterim(parsed.status)
  }
}
