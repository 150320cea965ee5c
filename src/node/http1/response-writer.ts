// Writes responses to a client: the head with its framing, and the body in the coding that the client can read.
import type { ResponseHead } from '../../model/request.ts'
import { httpDate } from './http-date.ts'
import type { Response } from './response.ts'
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from './framing.ts'
import { giveBack, isReusable, owned } from './read-buffers.ts'
import type { Wire } from './wire.ts'
import { responseStart, writeChunk } from './write.ts'

export class ResponseWriter {
  /** A response head has been written and its body is not over. */
  started = false
  /** Only the end of the connection tells this client that the body is over. */
  endsByClose = false
  private chunked = false
  private readonly wire: Wire

  constructor(wire: Wire) {
    this.wire = wire
  }

  /** A response made here. Returns its body's bytes. */
  whole(head: ResponseHead, body: string, method: string, http10: boolean, keepAlive: boolean): number {
    const bytes = Buffer.byteLength(body)
    const bodiless = head.status === 204 || head.status === 304
    let text = responseStart(head.status, head.reason, head.headers)
    if (!head.headers.has('date')) text += `date: ${httpDate()}\r\n`
    if (!bodiless) text += `content-length: ${bytes}\r\n`
    text += `${connectionField(http10, keepAlive)}\r\n`
    if (method === 'HEAD' || bodiless || bytes === 0) this.wire.text(text)
    else this.wire.bytes(Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(body)]))
    return method === 'HEAD' || bodiless ? 0 : bytes
  }

  /** The head of an endpoint's response, with its body when that is here whole. Returns the bytes of body written. */
  begin(head: ResponseHead, response: Response, method: string, http10: boolean, keepAlive: boolean, whole: Buffer | string | undefined): number {
    this.started = true
    const { mode, length } = response
    const unknown = mode === CHUNKED || mode === UNTIL_CLOSE
    this.chunked = unknown && !http10
    this.endsByClose = unknown && http10
    let text = responseStart(head.status, head.reason, head.headers)
    if (this.chunked && whole === undefined) text += 'transfer-encoding: chunked\r\n'
    else if (whole !== undefined && unknown) {
      this.chunked = this.endsByClose = false
      text += `content-length: ${whole.length}\r\n`
    } else if (length >= 0 && head.status !== 204) text += `content-length: ${length}\r\n`
    else if (mode === NO_BODY && method !== 'HEAD' && head.status !== 204 && head.status !== 304) text += 'content-length: 0\r\n'
    text += `${connectionField(http10, keepAlive && !this.endsByClose)}\r\n`
    if (whole === undefined) this.wire.text(text)
    else if (typeof whole === 'string') this.wire.text(text + whole)
    else {
      this.wire.together(() => {
        this.wire.text(text)
        this.wire.bytes(whole, whenOut(whole))
      })
    }
    return whole?.length ?? 0
  }

  /** A piece of body; false when the client wants a pause. */
  write(bytes: Buffer): boolean {
    return this.chunked ? writeChunk(this.wire, owned(bytes), whenOut(bytes)) : this.wire.bytes(owned(bytes), whenOut(bytes))
  }

  end(trailers: string): void {
    this.started = false
    if (this.chunked) this.wire.text(`0\r\n${trailers}\r\n`)
    this.chunked = false
  }
}

/** What is to be done once a piece of body is written. */
function whenOut(bytes: Buffer): (() => void) | undefined {
  return isReusable(bytes) ? () => giveBack(bytes) : undefined
}

function connectionField(http10: boolean, keepAlive: boolean): string {
  if (!keepAlive) return 'connection: close\r\n'
  return http10 ? 'connection: keep-alive\r\n' : ''
}
