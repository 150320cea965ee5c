// The buffers that sockets read into, and copies of what must outlive a read. Buffers come back and are used again: one of its own
// for each read costs little to make, but V8 counts what it holds and collects the whole heap every few thousand of them.

/** Bytes of one read: a body of 64 KiB comes in one piece together with its head. */
const READ_BYTES = 80 * 1024
/** Where reads go, since each is dealt with before the next one. */
export const SHARED = Buffer.allocUnsafeSlow(READ_BYTES)
/** A buffer for reads of long bodies, which are handed on instead of copied. */
const LARGE_BYTES = 256 * 1024

/** Shorter pieces are copied to where Node puts small buffers; they would waste most of one that is used again. */
const LONG = READ_BYTES / 4
/** Buffers kept for later, of each size: up to 21 MiB in each worker, once that many long bodies were under way together. */
const MAX_SPARE = 64
const spare: Buffer[] = []
const spareLarge: Buffer[] = []

/** A buffer for reads that are handed on; it comes back by `giveBack`. */
export function takeLarge(): Buffer {
  return spareLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
}

/** Bytes of a read that are needed beyond the call: a copy, unless nobody else writes there. */
export function owned(bytes: Buffer): Buffer {
  return isShared(bytes) ? Buffer.from(bytes) : bytes
}

/** The same, in a buffer that is used again. To be given back when nobody reads it any more; what is not is left to the collector. */
export function keep(bytes: Buffer): Buffer {
  if (!isShared(bytes)) return bytes
  if (bytes.length < LONG) return Buffer.from(bytes)
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
  buffer.set(bytes)
  return buffer.subarray(0, bytes.length)
}

/** Can be given back. */
export function isReusable(bytes: Buffer): boolean {
  const { byteLength } = bytes.buffer
  return byteLength === LARGE_BYTES || (byteLength === READ_BYTES && !isShared(bytes))
}

/** Takes back what `keep` or `takeLarge` returned, or a part of it, once; anything else is ignored. */
export function giveBack(bytes: Buffer): void {
  if (!isReusable(bytes)) return
  const list = bytes.buffer.byteLength === LARGE_BYTES ? spareLarge : spare
  if (list.length < MAX_SPARE) list.push(Buffer.from(bytes.buffer))
}

/** A range of what was read, without an object of its own where it is all of it. */
export function part(bytes: Buffer, from: number, to: number): Buffer {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
}

/** The next read will overwrite these bytes. */
function isShared(bytes: Buffer): boolean {
  return bytes.buffer === SHARED.buffer
}
