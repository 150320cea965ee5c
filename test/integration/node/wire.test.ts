// Bytes out of the engine: whichever way a write takes, all of it arrives in order, and a slow peer is noticed.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readDirectly } from '../../../src/node/http1/direct-read.ts'
import { withSharedRead } from '../../../src/node/http1/shared-read.ts'
import { Wire, type WireOwner } from '../../../src/node/http1/wire.ts'
import { soon } from '../../support/soon.ts'

const sha = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

let server: Server
let peer: Socket
let events: string[] = []
let drained: () => void = () => {}
let closed: Promise<Error | undefined>

const owner = (): WireOwner => {
  let close: (error: Error | undefined) => void = () => {}
  closed = new Promise((resolve) => (close = resolve))
  // A socket of the test before may still end.
  const own = events
  return {
    onBytes: (bytes, length) => void own.push(bytes.toString('latin1', 0, length)),
    onEnd: () => void own.push('end'),
    onWriteFailed: () => false,
    onDrain: () => {
      own.push('drain')
      drained()
    },
    onClosed: (error) => close(error),
    onDefect: (defect) => void own.push(`defect ${String(defect)}`),
  }
}

beforeEach(async () => {
  events = []
  server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  peer.destroy()
  server.close()
})

async function open(): Promise<Socket> {
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, allowHalfOpen: true }
  const socket = withSharedRead((onread) => connect({ ...to, onread }))
  await once(socket, 'connect')
  ;[peer] = await accepted
  peer.on('error', () => {})
  return socket
}

/** Everything that the peer gets until the end. */
async function received(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of peer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

test('text, bytes and what goes together arrive in the order they were written, also while the peer is slow', async () => {
  const socket = await open()
  const wire = new Wire(socket, owner())
  let expected = ''
  const text = (size: number): string => 'abcdefghij'.repeat(size)
  // Until the kernel takes no more, and then some.
  for (let i = 0, more = 100; more > 0; i++) {
    if (wire.needsDrain) more--
    const piece = `${i}:${text(1 + (i % 7) * 900)}`
    expected += piece
    if (i % 3 === 0) wire.text(piece)
    else if (i % 3 === 1) wire.bytes(Buffer.from(piece, 'latin1'))
    else {
      wire.together(() => {
        wire.text(piece.slice(0, 2))
        wire.bytes(Buffer.from(piece.slice(2), 'latin1'))
      })
    }
  }
  wire.end()
  expect(sha(await received())).toBe(sha(expected))
})

describe('text that is held back to the end of the turn', () => {
  /** A connection that writes past the stream already. */
  async function direct(): Promise<Wire> {
    const wire = new Wire(await open(), owner())
    wire.text('one ')
    await new Promise(setImmediate)
    return wire
  }

  test('leaves by itself', async () => {
    const wire = await direct()
    wire.text('two ')
    expect(wire.backlog).toBe(4)
    const arrived: string[] = []
    peer.on('data', (bytes: Buffer) => void arrived.push(bytes.toString('latin1')))
    peer.resume()
    await soon(() => expect(arrived.join('')).toBe('one two '))
    expect(wire.backlog).toBe(0)
    wire.destroy()
  })

  test.each<[string, (wire: Wire) => void, string]>([
    ['bytes', (wire) => void wire.bytes(Buffer.from('three ')), 'one two three '],
    ['what goes together', (wire) => wire.together(() => void wire.text('three ')), 'one two three '],
    ['more text', (wire) => void wire.text('three '), 'one two three '],
    ['the end', (wire) => wire.end(), 'one two '],
    ['a close', (wire) => wire.destroy(), 'one two '],
  ])('leaves ahead of %s', async (_what, then, expected) => {
    const wire = await direct()
    wire.text('two ')
    then(wire)
    wire.end()
    expect(await received()).toBe(expected)
  })

  test('is not held back beyond 16 KiB', async () => {
    const wire = await direct()
    const all = received()
    for (let i = 0; i < 17; i++) wire.text('x'.repeat(1024))
    expect(wire.backlog).toBe(0)
    wire.end()
    expect((await all).length).toBe(4 + 17 * 1024)
  })

  test('goes nowhere on a connection that is reset', async () => {
    const wire = await direct()
    const all = received().catch(() => 'reset')
    wire.text('two ')
    wire.reset()
    expect(await all).toBe('reset')
  })
})

test('a peer that does not read is noticed, and told when it reads again', async () => {
  const socket = await open()
  const wire = new Wire(socket, owner())
  const piece = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  let released = 0
  while (wire.bytes(piece, () => released++)) written += piece.length
  written += piece.length
  expect(wire.needsDrain).toBe(true)
  const whenDrained = new Promise<void>((resolve) => (drained = resolve))
  const all = received()
  await whenDrained
  expect(wire.needsDrain).toBe(false)
  expect(wire.backlog).toBe(0)
  expect(released * piece.length).toBe(written)
  wire.end()
  expect((await all).length).toBe(written)
})

test('after the first write, text goes past the stream on a Node whose handles take it', async () => {
  const first = await open()
  const learning = new Wire(first, owner())
  learning.text('one')
  const stream = vi.spyOn(first, 'write')
  learning.text('two')
  learning.bytes(Buffer.from('three'))
  expect(stream).not.toHaveBeenCalled()
  learning.end()
  expect(await received()).toBe('onetwothree')
})

test('after the first read, bytes come past the stream on a Node whose handles tell their length; the end still comes by Node', async () => {
  const socket = await open()
  const wire = new Wire(socket, owner())
  const { _handle: handle } = socket as unknown as { _handle: { onread: unknown } }
  const byNode = handle.onread
  for (const text of ['one', 'two', 'three']) {
    peer.write(text)
    await soon(() => expect(events.at(-1)).toBe(text))
    expect(handle.onread).not.toBe(byNode)
  }
  peer.end()
  await soon(() => expect(events).toEqual(['one', 'two', 'three', 'end']))
  wire.end()
  await closed
})

test('bytes read past the stream change their buffer when they are to be handed on, and change back', async () => {
  const socket = await open()
  const buffers: Buffer[] = []
  const wire = new Wire(socket, { ...owner(), onBytes: (bytes) => void buffers.push(bytes) })
  const next = async (): Promise<void> => {
    const before = buffers.length
    peer.write('x')
    await soon(() => expect(buffers.length).toBe(before + 1))
  }
  await next()
  wire.readLarge(true)
  await next() // Still into the buffer that the read before had left.
  await next()
  await next()
  wire.readLarge(false)
  await next()
  await next()
  const [first, second, third, fourth, fifth, sixth] = buffers
  expect(second).toBe(first)
  expect(third).not.toBe(first)
  expect(fourth).not.toBe(third)
  expect(fifth).not.toBe(fourth)
  expect(sixth).toBe(first)
  wire.destroy()
})

test('a pause holds bytes that come past the stream, and loses none', async () => {
  const socket = await open()
  const wire = new Wire(socket, owner())
  for (const text of ['one', 'two']) {
    peer.write(text)
    await soon(() => expect(events.at(-1)).toBe(text))
  }
  socket.pause()
  peer.write('three')
  await new Promise((resolve) => peer.write('', resolve))
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(events).toEqual(['one', 'two'])
  socket.resume()
  await soon(() => expect(events).toEqual(['one', 'two', 'three']))
  wire.destroy()
})

test('what the owner throws is told to it, and ends no process', async () => {
  const socket = await open()
  const fail = (what: string) => (): never => {
    throw new Error(what)
  }
  const wire = new Wire(socket, { ...owner(), onBytes: fail('bytes'), onEnd: fail('end'), onDrain: fail('drain'), onClosed: fail('closed') })
  for (const count of [1, 2]) {
    peer.write('x')
    await soon(() => expect(events.filter((event) => event.endsWith('bytes'))).toHaveLength(count))
  }
  while (wire.bytes(Buffer.alloc(64 * 1024)));
  peer.resume()
  await soon(() => expect(events).toContain('defect Error: drain'))
  peer.end()
  await soon(() => expect(events).toContain('defect Error: end'))
  wire.destroy()
  await soon(() => expect(events.at(-1)).toBe('defect Error: closed'))
})

test('a write to a peer that is gone ends the connection with its error, and throws nothing', async () => {
  const socket = await open()
  const wire = new Wire(socket, owner())
  peer.resetAndDestroy()
  await once(peer, 'close')
  // The first may still be taken by the kernel; none may throw.
  for (let i = 0; i < 50; i++) {
    wire.text('x'.repeat(1000))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(['EPIPE', 'ECONNRESET']).toContain(((await closed) as NodeJS.ErrnoException | undefined)?.code)
  expect(wire.text('later')).toBeTypeOf('boolean')
})

describe('a handle that is called in another way than Node 26 does', () => {
  test.each([
    ['with a request object', [{}, 'x'] as unknown[], false],
    ['without one', [null, 'x'] as unknown[], true],
    ['with something more', [null, 'x', 1] as unknown[], false],
  ])('%s: direct %s', async (_name, args, direct) => {
    vi.resetModules()
    const { directHandle } = (await import('../../../src/node/http1/direct-write.ts')) as typeof import('../../../src/node/http1/direct-write.ts')
    const calls: unknown[][] = []
    class Handle {
      writeLatin1String(...given: unknown[]): number {
        calls.push(given)
        return 0
      }
      writeBuffer(): number {
        return 0
      }
    }
    const handle = new Handle()
    const socket = { _handle: handle } as unknown as Socket
    expect(directHandle(socket)).toBeUndefined()
    handle.writeLatin1String(...args)
    expect(calls).toEqual([args])
    expect(Object.hasOwn(handle, 'writeLatin1String')).toBe(false)
    expect(directHandle(socket) === undefined).toBe(!direct)
    await open()
  })

  test('no handle at all: never direct', async () => {
    vi.resetModules()
    const { directHandle } = (await import('../../../src/node/http1/direct-write.ts')) as typeof import('../../../src/node/http1/direct-write.ts')
    for (const socket of [{}, { _handle: null }, { _handle: { writeLatin1String: 1 } }]) expect(directHandle(socket as unknown as Socket)).toBeUndefined()
    await open()
  })

  test.each<[string, { onread?: () => string } | null]>([
    ['tells another length', { onread: () => 'by Node' }],
    ['has no callback', {}],
    ['is gone', null],
  ])('one that %s: reads stay with Node', async (_name, handle) => {
    const before = handle?.onread
    readDirectly({ _handle: handle } as unknown as Socket, 123_456_789, { take: () => undefined })
    expect(handle?.onread).toBe(before)
    await open()
  })
})
