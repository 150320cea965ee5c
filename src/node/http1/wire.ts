// The socket of one connection as the engine uses it: bytes in by callback, bytes out with a word on back-pressure.
import type { Socket } from 'node:net'
import { getSystemErrorMap } from 'node:util'
import { rawSocketOf } from '../raw-socket.ts'
import { directHandle, type Handle, whenWritten } from './direct-write.ts'
import { type Reader, readerOf, type ReadOwner } from './shared-read.ts'
import { type Held, WriteBatch } from './write-batch.ts'

/** What a connection does with its socket's events. */
export interface WireOwner extends ReadOwner {
  /** The peer has ended its direction. */
  onEnd(): void
  /** The socket takes more again. */
  onDrain(): void
  /** A write failed. True to go on reading: the peer may have said why before it closed. Asked only after `forgiveWrites(true)`. */
  onWriteFailed(error: Error): boolean
  /** The socket is gone, for whatever reason. Called once. */
  onClosed(error: Error | undefined): void
  /** One of the calls above threw: the connection must end. */
  onDefect(defect: unknown): void
}

/** Bytes on their way out beyond which a writer should pause; Node's own mark for sockets. */
const HIGH_WATER = 64 * 1024

/** Text of one connection that is held back at most, in bytes. */
const HELD_MOST = 16 * 1024

const batch = new WriteBatch((run) => void setImmediate(run))

export class Wire implements ReadOwner, Held {
  readonly socket: Socket
  private readonly owner: WireOwner
  private readonly reader: Reader | undefined
  /** Set while writes may go straight to the handle. */
  private direct: Handle | undefined
  private learning: boolean
  private corked = false
  /** Bytes given to the handle that are not out yet. */
  private waiting = 0
  private full = false
  /** Text held back to the end of the event loop's turn. */
  private held = ''
  private forgiving = false
  private forgivable = false

  /** Connects a socket's events to its owner. Every event that could end the process is handled here. */
  constructor(socket: Socket, owner: WireOwner) {
    this.socket = socket
    this.owner = owner
    this.reader = readerOf(socket)
    // Only of sockets that are read without a stream: a TLS socket has work of its own between stream and handle.
    this.learning = this.reader !== undefined
    let failure: Error | undefined
    if (this.reader === undefined) socket.on('data', (bytes: Buffer) => this.onBytes(bytes, bytes.length))
    else this.reader.owner = this
    socket.on('end', () => this.guarded(() => owner.onEnd()))
    socket.on('drain', () => this.onDrain())
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => {
      this.direct = undefined
      this.guarded(() => owner.onClosed(failure))
    })
    if (this.reader !== undefined) socket.resume()
  }

  /** What was read, for the owner. Above this are only Node and the kernel: what throws here would end the process. */
  onBytes(bytes: Buffer, length: number): void {
    try {
      this.owner.onBytes(bytes, length)
    } catch (defect) {
      this.owner.onDefect(defect)
    }
  }

  /** Bytes that are not out yet. */
  get backlog(): number {
    return this.held.length + this.waiting + this.socket.writableLength
  }

  /** A writer should wait for `onDrain`. */
  get needsDrain(): boolean {
    return this.full || this.socket.writableNeedDrain
  }

  /** Writes text, one byte a character. False when the peer should get a pause; `onDrain` tells its end. */
  text(text: string): boolean {
    const { direct } = this
    // What waits in the stream goes first.
    if (direct === undefined || this.corked || this.socket.writableLength > 0) return this.textByStream(text)
    return this.held !== '' || batch.holds ? this.hold(text) : this.textNow(direct, text)
  }

  /** Writes what has been held back. */
  writeHeld(): void {
    const { direct, held } = this
    if (held === '') return
    this.held = ''
    if (direct === undefined) return
    try {
      this.textNow(direct, held)
    } catch (defect) {
      this.owner.onDefect(defect)
    }
  }

  /** Writes bytes, which must stay as they are until `done`. */
  bytes(bytes: Buffer, done?: () => void): boolean {
    this.writeHeld()
    const { direct } = this
    if (direct === undefined || this.corked || this.socket.writableLength > 0) return done === undefined ? this.socket.write(bytes) : this.socket.write(bytes, done)
    const result = direct.writeBuffer(null, bytes)
    if (result !== 0) return this.afterWrite(direct, result, bytes.length, bytes, done)
    done?.()
    return true
  }

  /** What is written in `run` leaves in one piece. */
  together(run: () => void): void {
    this.writeHeld()
    this.corked = true
    this.socket.cork()
    run()
    this.socket.uncork()
    this.corked = false
  }

  end(done?: () => void): void {
    this.writeHeld()
    this.direct = undefined
    this.learning = false
    this.socket.end(done)
  }

  destroy(): void {
    this.writeHeld()
    this.direct = undefined
    this.learning = false
    this.socket.destroy()
  }

  /** Ends the connection so that the peer cannot take it for a polite end. */
  reset(): void {
    this.held = ''
    try {
      // Not on a TLS socket, which throws: only TCP has a reset.
      rawSocketOf(this.socket).resetAndDestroy()
    } catch {
      // A handle that cannot be reset: a close is what is left.
    }
    this.destroy()
  }

  /** From the next read on, bytes come in buffers that may be handed on without a copy, or again in the shared one. Each such read must be written out in one piece and then given back, or dropped. */
  readLarge(large: boolean): void {
    if (this.reader !== undefined) this.reader.large = large
  }

  /** Whether a failed write is for the owner to judge, or ends the connection. */
  forgiveWrites(forgiving: boolean): void {
    this.forgiving = forgiving
    if (!forgiving || this.forgivable) return
    this.forgivable = true
    // A stream that is told of a failed write ends both directions at once, with whatever has not been read. So it is not told.
    const { socket } = this
    const { _write: one, _writev: many } = socket
    socket._write = (chunk, encoding, done) => one.call(socket, chunk, encoding, this.forgiving ? this.judged(done) : done)
    socket._writev = (chunks, done) => many?.call(socket, chunks, this.forgiving ? this.judged(done) : done)
  }

  private judged(done: (error?: Error | null) => void): (error?: Error | null) => void {
    return (error) => done(error && this.forgiving && this.owner.onWriteFailed(error) ? undefined : error)
  }

  private onDrain(): void {
    this.guarded(() => this.owner.onDrain())
  }

  private guarded(call: () => void): void {
    try {
      call()
    } catch (defect) {
      this.owner.onDefect(defect)
    }
  }

  /** Keeps text for the end of the event loop's turn: whatever else is written here goes after it. */
  private hold(text: string): boolean {
    const first = this.held === ''
    this.held += text
    if (first) batch.add(this)
    if (this.held.length > HELD_MOST) this.writeHeld()
    return !this.full
  }

  private textNow(direct: Handle, text: string): boolean {
    const result = direct.writeLatin1String(null, text)
    return result === 0 || this.afterWrite(direct, result, text.length, undefined, undefined)
  }

  private textByStream(text: string): boolean {
    if (this.learning && !this.corked && this.socket.writableLength === 0) {
      this.direct = directHandle(this.socket)
      this.learning = this.direct === undefined
      if (!this.learning) return this.text(text)
    }
    return this.socket.write(text, 'latin1')
  }

  /** A write failed, or has to wait for the peer. */
  private afterWrite(handle: Handle, result: Exclude<ReturnType<Handle['writeBuffer']>, 0>, size: number, bytes: Buffer | undefined, done: (() => void) | undefined): boolean {
    if (typeof result === 'number') {
      this.fail(result)
      return true
    }
    this.waiting += size
    if (this.waiting > HIGH_WATER) this.full = true
    whenWritten(handle, result, bytes, (status) => {
      this.waiting -= size
      done?.()
      if (status < 0) return this.fail(status)
      if (!this.full || this.waiting > 0) return
      this.full = false
      this.onDrain()
    })
    return !this.full
  }

  private fail(status: number): void {
    if (this.socket.destroyed) return
    this.direct = undefined
    const error = writeError(status)
    if (!this.forgiving || !this.owner.onWriteFailed(error)) this.socket.destroy(error)
  }
}

function writeError(status: number): Error {
  const [code, message] = getSystemErrorMap().get(status) ?? ['UNKNOWN', 'unknown error']
  return Object.assign(new Error(`write ${code}: ${message}`), { code, errno: status, syscall: 'write' })
}
