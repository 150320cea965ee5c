// Heads as text. Framing fields are written here from what the engine knows, never copied from a peer.
import type { OutboundRequest } from '../../model/exchange.ts'
import type { HeaderList } from '../../model/headers.ts'
import type { Wire } from './wire.ts'

/** A request head: Host first, then the fields, then framing. */
export function requestHead(request: OutboundRequest, length: number, chunked: boolean, expects: boolean): string {
  let text = `${request.method} ${request.target} HTTP/1.1\r\nhost: ${request.authority}\r\n${request.headers.text()}`
  if (chunked) text += 'transfer-encoding: chunked\r\n'
  else if (length >= 0) text += `content-length: ${length}\r\n`
  if (expects) text += 'expect: 100-continue\r\n'
  if (request.upgrade !== '') return `${text}connection: upgrade\r\nupgrade: ${request.upgrade}\r\n\r\n`
  return `${text}\r\n`
}

/** A response head up to, and without, the framing fields. */
export function responseStart(status: number, reason: string, headers: HeaderList): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${headers.text()}`
}

/** One chunk of a chunked body (RFC 9112 section 7.1) in one write, and `done` once it is out; false when the socket wants a pause. */
export function writeChunk(wire: Wire, bytes: Buffer, done?: () => void): boolean {
  wire.together(() => {
    wire.text(`${bytes.length.toString(16)}\r\n`)
    wire.bytes(bytes, done)
    wire.text('\r\n')
  })
  return !wire.needsDrain
}
