// From the bytes of one stored version to its text: size, hash, then gzip with a cap on what comes out.
import { messageOf } from '../model/error.ts'
import { sha256Hex } from './digest.ts'

/** Largest table, as stored and unpacked, in bytes: 32 MiB, about 200,000 routes. */
export const TABLE_BYTES = 32 * 1024 * 1024

export type Unpacked = { readonly text: string } | { readonly problem: string }

/** Checks a blob against its pointer and gives the text. `limit` caps the unpacked size. */
export async function unpackBlob(bytes: Uint8Array<ArrayBuffer>, expected: { readonly sha256: string; readonly bytes: number }, limit: number): Promise<Unpacked> {
  if (bytes.length !== expected.bytes) return { problem: `it has ${bytes.length} bytes and the pointer says ${expected.bytes}` }
  const sha256 = await sha256Hex(bytes)
  if (sha256 !== expected.sha256) return { problem: `its SHA-256 is ${sha256} and the pointer says ${expected.sha256}` }
  return unpackText(bytes, limit)
}

/** Text of plain or gzip bytes (RFC 1952, told by the first two). */
export async function unpackText(bytes: Uint8Array<ArrayBuffer>, limit: number): Promise<Unpacked> {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await gunzip(bytes, limit) : bytes
  if (typeof plain === 'string') return { problem: plain }
  if (plain.length > limit) return { problem: `it is over the limit of ${limit} bytes` }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(plain) }
  } catch {
    return { problem: 'it is not UTF-8 text' }
  }
}

/** Gzip of a text. */
export async function packText(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Bytes, or what is wrong. Stops at the limit, so that a small bomb stays small. */
async function gunzip(bytes: Uint8Array<ArrayBuffer>, limit: number): Promise<Uint8Array<ArrayBuffer> | string> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length
      if (length > limit) {
        await reader.cancel()
        return `unpacked it is over the limit of ${limit} bytes`
      }
      chunks.push(next.value)
    }
  } catch (error) {
    return `it cannot be unpacked: ${messageOf(error)}`
  }
  return join(chunks, length)
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
