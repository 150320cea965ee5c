// Buffers for what uploads leave behind for an endpoint, used again and again. A buffer of its own for each read costs little to
// make, but V8 counts what it holds and starts a collection of the whole heap every few thousand of them.
import { isShared, READ_BYTES } from './shared-read.ts'

/** Shorter pieces are copied to where Node puts small buffers; they would waste most of one of these. */
const LONG = READ_BYTES / 4
/** Buffers kept for later: about 5 MiB in each worker, once that many uploads were under way together. */
const MAX_SPARE = 64
const spare: Buffer[] = []

/** Bytes of a read that are needed beyond the call. To be given back with `giveBack` when nobody reads them any more; those that are not are left to the collector. */
export function keep(bytes: Buffer): Buffer {
  if (!isShared(bytes)) return bytes
  if (bytes.length < LONG) return Buffer.from(bytes)
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
  buffer.set(bytes)
  return buffer.subarray(0, bytes.length)
}

/** Can be given back. */
export function isReusable(bytes: Buffer): boolean {
  return bytes.buffer.byteLength === READ_BYTES && !isShared(bytes)
}

/** Takes back what `keep` returned, once; anything else is ignored. */
export function giveBack(bytes: Buffer): void {
  if (isReusable(bytes) && spare.length < MAX_SPARE) spare.push(Buffer.from(bytes.buffer))
}
