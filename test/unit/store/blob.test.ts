// Stored bytes are believed only when size and hash are right, and unpacked only up to the limit.
import { describe, expect, it } from 'vitest'
import { packText, unpackBlob, unpackText } from '../../../src/store/blob.ts'
import { sha256Hex } from '../../../src/store/digest.ts'

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const pointerTo = async (bytes: Uint8Array<ArrayBuffer>): Promise<{ sha256: string; bytes: number }> => ({ sha256: await sha256Hex(bytes), bytes: bytes.length })

describe('unpackBlob', () => {
  it('gives text', async () => {
    const bytes = bytesOf('routes: [] # ü')
    expect(await unpackBlob(bytes, await pointerTo(bytes), 1000)).toEqual({ text: 'routes: [] # ü' })
  })

  it('gives text of gzip, whose hash is that of the packed bytes', async () => {
    const bytes = await packText('a'.repeat(900))
    expect(bytes.length).toBeLessThan(100)
    expect(await unpackBlob(bytes, await pointerTo(bytes), 1000)).toEqual({ text: 'a'.repeat(900) })
  })

  it('refuses another size', async () => {
    const bytes = bytesOf('abc')
    expect(await unpackBlob(bytes, { ...(await pointerTo(bytes)), bytes: 4 }, 1000)).toEqual({ problem: 'it has 3 bytes and the pointer says 4' })
  })

  it('refuses another content of the same size', async () => {
    const told = await pointerTo(bytesOf('abc'))
    expect(await unpackBlob(bytesOf('abd'), told, 1000)).toMatchObject({ problem: expect.stringContaining('SHA-256') })
  })
})

describe('unpackText', () => {
  it('stops a gzip bomb at the limit', async () => {
    const bomb = await packText('\0'.repeat(5_000_000))
    expect(bomb.length).toBeLessThan(10_000)
    expect(await unpackText(bomb, 100_000)).toEqual({ problem: 'unpacked it is over the limit of 100000 bytes' })
  })

  it('refuses a gzip cut short', async () => {
    const bytes = await packText('hello hello hello')
    expect(await unpackText(bytes.slice(0, -9), 1000)).toMatchObject({ problem: expect.stringContaining('cannot be unpacked') })
  })

  it('refuses what is no UTF-8', async () => {
    expect(await unpackText(new Uint8Array([0x61, 0xff, 0xfe]), 1000)).toEqual({ problem: 'it is not UTF-8 text' })
  })

  it('takes a byte order mark away', async () => {
    expect(await unpackText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), 1000)).toEqual({ text: 'a' })
  })

  it.each([[1000, true], [1001, false]])('holds plain text of %i bytes to a limit of 1000', async (size, fits) => {
    expect('text' in (await unpackText(bytesOf('a'.repeat(size)), 1000))).toBe(fits)
  })
})
