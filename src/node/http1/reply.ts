// The answers on a client connection, one after another: each made here or relayed from an endpoint, and never cut short
// without the client being able to tell.
import type { GatewayError } from '../../model/error.ts'
import type { ResponseHead } from '../../model/request.ts'
import type { HeaderRules } from '../../model/route.ts'
import { clientHeaders } from '../../proxy/response-headers.ts'
import type { Response, ResponseSink } from './response.ts'
import type { ParsedResponse } from './response-parser.ts'
import { ResponseWriter } from './response-writer.ts'
import { ruledTrailers } from './trailers.ts'
import type { Wire } from './wire.ts'
import { responseStart } from './write.ts'

/** The connection that is answered on. */
export interface ReplyOwner {
  /** The answer is out whole. */
  onReplied(): void
  /** The answer cannot be ended as it should: the connection must end. */
  onReplyCut(): void
}

export class Reply implements ResponseSink {
  bytesOut = 0
  /** Whether the connection may be used after this answer; the client has asked for it, and nothing has spoken against it since. */
  keepAlive = true
  private method = ''
  private http10 = false
  private response: Response | undefined
  /** What the route does to fields of that response. */
  private rules: HeaderRules | undefined
  private settle: { resolve(): void; reject(error: GatewayError): void } | undefined
  private readonly wire: Wire
  private readonly owner: ReplyOwner
  private readonly writer: ResponseWriter

  constructor(wire: Wire, owner: ReplyOwner) {
    this.wire = wire
    this.owner = owner
    this.writer = new ResponseWriter(wire)
  }

  /** A head has been written and its body is not over. */
  get started(): boolean {
    return this.writer.started
  }

  /** A request has come that is to be answered. */
  begin(method: string, http10: boolean, keepAlive: boolean): void {
    this.method = method
    this.http10 = http10
    this.keepAlive = keepAlive
    this.bytesOut = 0
  }

  /** Answers without an endpoint. */
  local(head: ResponseHead, body: string): void {
    this.bytesOut += this.writer.whole(head, body, this.method, this.http10, this.keepAlive)
    this.owner.onReplied()
  }

  /** Answers with an endpoint's response; undefined when all of it is out. */
  relay(response: Response, head: ResponseHead, rules: HeaderRules | undefined): Promise<void> | undefined {
    const whole = response.takeWhole()
    if (whole !== undefined) {
      this.bytesOut += this.writer.begin(head, response, this.method, this.http10, this.keepAlive, whole)
      this.writer.end('')
      this.owner.onReplied()
      return undefined
    }
    this.response = response
    this.rules = rules
    this.writer.begin(head, response, this.method, this.http10, this.keepAlive, undefined)
    if (this.writer.endsByClose) this.keepAlive = false
    const done = new Promise<void>((resolve, reject) => {
      this.settle = { resolve, reject }
    })
    response.relayTo(this)
    return done
  }

  /** Hands on an interim response, where the client can read one (RFC 9110 section 15.2). */
  interim(parsed: ParsedResponse, expects: boolean): void {
    if (this.http10 || (parsed.status === 100 && !expects)) return
    this.wire.text(parsed.status === 100 ? 'HTTP/1.1 100 Continue\r\n\r\n' : `${responseStart(parsed.status, parsed.reason, clientHeaders(parsed.headers, undefined, {}))}\r\n`)
  }

  /** The client takes more again. */
  resume(): void {
    this.response?.resume()
  }

  writeResponse(bytes: Buffer): boolean {
    this.bytesOut += bytes.length
    return this.writer.write(bytes)
  }

  endResponse(trailers: string): void {
    const { settle } = this
    this.writer.end(ruledTrailers(trailers, this.rules))
    this.response = this.settle = undefined
    this.owner.onReplied()
    settle?.resolve()
  }

  failResponse(error: GatewayError): void {
    const { settle } = this
    this.response = this.settle = undefined
    settle?.reject(error)
    // The client must be able to tell: no last chunk, no full length; and where only the close tells, a reset.
    if (this.writer.endsByClose) this.wire.reset()
    this.owner.onReplyCut()
  }

  /** The client's connection is gone; `error` says so to whoever waits for the end of the answer. */
  abandon(error: GatewayError): void {
    const { response, settle } = this
    this.response = this.settle = undefined
    response?.abandon()
    settle?.reject(error)
  }
}
