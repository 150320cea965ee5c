// Reads past the stream machinery of a socket, straight from its handle. What Node does between a handle and an `onread` callback
// (timers of the socket, properties under symbols, the buffer given anew each time) takes longer than reading a head.
//
// How a handle tells what it read is private to Node. So nothing is assumed: the first read of a socket comes by Node, and only
// where what is private agrees with what Node says do the next ones come straight. Ends and errors always go by Node.
import type { Socket } from 'node:net'

/** The part of a handle that is used. Its `onread` is called with `this`; a buffer that it returns takes the next read. */
interface ReadHandle {
  onread: ((bytes: unknown) => unknown) | undefined
}

/** Who reads from a handle. */
export interface DirectReader {
  /** Takes the bytes that a read left in the current buffer; returns another buffer for the next one, or undefined for the same. */
  take(length: number): Buffer | undefined
}

/** Where Node leaves the length of a read (or a negative error) before it calls `onread`; undefined where it cannot be seen. */
const lengths = lengthsOf()

/** From the next read on, the handle itself calls the reader. To be called within a read of `length` bytes that came by Node. */
export function readDirectly(socket: Socket, length: number, reader: DirectReader): void {
  const handle = (socket as unknown as { readonly _handle?: unknown })._handle
  if (lengths === undefined || lengths.state[lengths.at] !== length || !isReadHandle(handle)) return
  const { state, at } = lengths
  const byNode = handle.onread
  handle.onread = (bytes) => {
    const read = state[at] as number
    return read > 0 ? reader.take(read) : Reflect.apply(byNode, handle, [bytes])
  }
}

function isReadHandle(value: unknown): value is { onread: NonNullable<ReadHandle['onread']> } {
  return typeof value === 'object' && value !== null && 'onread' in value && typeof value.onread === 'function'
}

function lengthsOf(): { readonly state: Int32Array; readonly at: number } | undefined {
  try {
    const binding = Reflect.apply(Reflect.get(process, 'binding') as (name: string) => Record<string, unknown>, process, ['stream_wrap'])
    const { streamBaseState: state, kReadBytesOrError: at } = binding
    return state instanceof Int32Array && typeof at === 'number' ? { state, at } : undefined
  } catch {
    return undefined
  }
}
