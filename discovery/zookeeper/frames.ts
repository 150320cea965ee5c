// Messages out of a stream of bytes, each bounded. One that is too large is passed over, so that a huge node costs only whoever asked for it.
import type { ByteStream } from '../byte-stream.ts'
import { concat, JuteReader } from './jute.ts'

/** Largest message that is kept, bytes: what ZooKeeper itself allows (jute.maxbuffer). */
const MAX_MESSAGE = 2 ** 20
/** Larger ones are no messages but another protocol. */
const MAX_SKIPPED = 64 * 2 ** 20

/** One message. */
export interface Frame {
  /** Its bytes; of one that is too large only the first `keep`. */
  readonly bytes: Uint8Array
  readonly size: number
}

/** Reads messages; undefined at the end of the stream. Rejects when what comes is no message. */
export function createFrames(stream: ByteStream): (keep: number) => Promise<Frame | undefined> {
  let chunks: Uint8Array[] = []
  let have = 0
  const fill = async (size: number): Promise<boolean> => {
    while (have < size) {
      const chunk = await stream.read()
      if (chunk === undefined) return false
      chunks.push(chunk)
      have += chunk.byteLength
    }
    return true
  }
  const take = (size: number): Uint8Array => {
    const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : concat(chunks)
    chunks = size < whole.byteLength ? [whole.subarray(size)] : []
    have = whole.byteLength - size
    return whole.subarray(0, size)
  }
  const skip = async (size: number): Promise<boolean> => {
    for (let left = size; left > 0; ) {
      if (have === 0 && !(await fill(1))) return false
      left -= take(Math.min(left, have)).byteLength
    }
    return true
  }
  return async (keep) => {
    if (!(await fill(4))) return undefined
    const size = new JuteReader(take(4)).int()
    if (size < 0 || size > MAX_SKIPPED) throw new Error('what it sends is not ZooKeeper’s protocol')
    const wanted = size <= MAX_MESSAGE ? size : keep
    if (!(await fill(wanted))) return undefined
    const bytes = take(wanted)
    return (await skip(size - wanted)) ? { bytes, size } : undefined
  }
}
