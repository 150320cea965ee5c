// Jute, the encoding of ZooKeeper's wire: big-endian integers, texts and buffers after their length. What is read comes from
// the network, so every length is checked against what is there.

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** An int of 4 bytes. */
export function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value)
  return bytes
}

/** A long of 8 bytes. */
export function long(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value)
  return bytes
}

/** A boolean of 1 byte. */
export function bool(value: boolean): Uint8Array {
  return new Uint8Array([value ? 1 : 0])
}

/** A buffer after its length. */
export function buffer(bytes: Uint8Array): Uint8Array {
  return concat([int(bytes.byteLength), bytes])
}

/** A text as UTF-8 after its length in bytes. */
export function text(value: string): Uint8Array {
  return buffer(encoder.encode(value))
}

/** A vector of texts after their number. */
export function texts(values: readonly string[]): Uint8Array {
  return concat([int(values.length), ...values.map(text)])
}

/** Parts as one message, after its length. */
export function frame(parts: readonly Uint8Array[]): Uint8Array {
  return buffer(concat(parts))
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/** Reads one message from its start. Every method throws an Error when the bytes do not hold what is asked for. */
export class JuteReader {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#view.byteLength - this.#at
  }

  int(): number {
    return this.#view.getInt32(this.#take(4))
  }

  long(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  bool(): boolean {
    return this.#view.getInt8(this.#take(1)) !== 0
  }

  /** The bytes themselves, not a copy; none for a length of -1, which is Jute's null. */
  buffer(): Uint8Array {
    const size = this.int()
    if (size <= 0) return new Uint8Array(0)
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#take(size), size)
  }

  text(): string {
    return decoder.decode(this.buffer())
  }

  texts(): string[] {
    const count = Math.max(0, this.int())
    // Each takes four bytes at least: a number out of the air must not make a large array.
    if (count * 4 > this.left) throw new Error(`a list of ${count} texts in a message with ${this.left} bytes left`)
    return Array.from({ length: count }, () => this.text())
  }

  #take(size: number): number {
    if (size > this.left) throw new Error(`${size} bytes expected in a message with ${this.left} left`)
    this.#at += size
    return this.#at - size
  }
}
