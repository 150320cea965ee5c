// A strict reader of HTTP/1.1 messages for tests. It accepts only what every parser reads the same way; anything else is a
// `problem`, so that a test can say "whatever came out of the gateway was clean". Text is latin1: one character is one byte.

export interface Message {
  /** Request line or status line. */
  readonly line: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly trailers: readonly (readonly [name: string, value: string])[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** What is not beyond doubt in it; empty for a clean message. */
  readonly problems: readonly string[]
  /** Offset after its last byte. */
  readonly end: number
}

/** `more`: the bytes end inside the message. `bad`: where it ends cannot be told. */
export type Read = { readonly kind: 'message'; readonly message: Message } | { readonly kind: 'more' } | { readonly kind: 'bad'; readonly problem: string }

export interface Head {
  readonly line: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly problems: string[]
  /** Offset of the first body byte. */
  readonly end: number
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const FIELD = new RegExp(`^(${TOKEN}):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[ \\t]*$`)
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,13}$/

/** Every value of a field; `key` is lower case. */
export function valuesOf(fields: Message['fields'], key: string): string[] {
  return fields.filter(([name]) => name.toLowerCase() === key).map(([, value]) => value)
}

/** Reads a head, or tells that it is not complete. */
export function readHead(bytes: string, from: number): Head | undefined {
  const close = bytes.indexOf('\r\n\r\n', from)
  if (close < 0) return undefined
  const [line = '', ...lines] = bytes.slice(from, close).split('\r\n')
  const problems: string[] = []
  const fields = readFields(lines, problems)
  if (/[\r\n]/.test(line)) problems.push('bare CR or LF in the first line')
  return { line, fields, problems, end: close + 4 }
}

function readFields(lines: readonly string[], problems: string[]): [string, string][] {
  const fields: [string, string][] = []
  for (const line of lines) {
    const match = FIELD.exec(line)
    if (match === null) problems.push(`field line ${JSON.stringify(line)}`)
    else fields.push([match[1] ?? '', match[2] ?? ''])
  }
  return fields
}

/** Reads the body that follows a head. `bodiless` for HEAD, 1xx, 204 and 304; `untilClose` when a body without framing lasts to the end, then `ended` says that the connection has ended. */
export function readBody(bytes: string, head: Head, options: { bodiless?: boolean; untilClose?: boolean; ended?: boolean } = {}): Read {
  const lengths = valuesOf(head.fields, 'content-length')
  const codings = valuesOf(head.fields, 'transfer-encoding')
  const problems = [...head.problems]
  if (lengths.length + codings.length > 1) problems.push(`${lengths.length} Content-Length and ${codings.length} Transfer-Encoding fields`)
  const done = (framing: Message['framing'], body: string, end: number, trailers: Message['trailers'] = []): Read => ({
    kind: 'message',
    message: { line: head.line, fields: head.fields, body, trailers, framing, problems, end },
  })
  if (options.bodiless === true) return done('none', '', head.end)
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') return { kind: 'bad', problem: `Transfer-Encoding: ${codings.join(' | ')}` }
    return readChunked(bytes, head.end, problems, done)
  }
  if (lengths.length > 0) return readLength(bytes, head.end, lengths, done)
  if (options.untilClose !== true) return done('none', '', head.end)
  return options.ended === true ? done('close', bytes.slice(head.end), bytes.length) : { kind: 'more' }
}

type Done = (framing: Message['framing'], body: string, end: number, trailers?: Message['trailers']) => Read

function readLength(bytes: string, at: number, lengths: readonly string[], done: Done): Read {
  const text = lengths[0] ?? ''
  if (!/^\d{1,15}$/.test(text) || lengths.some((other) => other !== text)) return { kind: 'bad', problem: `Content-Length: ${lengths.join(' | ')}` }
  const end = at + Number(text)
  return bytes.length < end ? { kind: 'more' } : done('length', bytes.slice(at, end), end)
}

function readChunked(bytes: string, start: number, problems: string[], done: Done): Read {
  const body: string[] = []
  let at = start
  for (;;) {
    const eol = bytes.indexOf('\r\n', at)
    const sizeText = bytes.slice(at, eol < 0 ? bytes.length : eol)
    if (eol < 0) return /^[0-9A-Fa-f]{0,13}\r?$/.test(sizeText) ? { kind: 'more' } : { kind: 'bad', problem: `chunk size ${JSON.stringify(sizeText.slice(0, 40))}` }
    if (!CHUNK_SIZE.test(sizeText)) return { kind: 'bad', problem: `chunk size ${JSON.stringify(sizeText.slice(0, 40))}` }
    const size = Number.parseInt(sizeText, 16)
    at = eol + 2
    if (size === 0) return readTrailers(bytes, at, body.join(''), problems, done)
    const tail = bytes.slice(at + size, at + size + 2)
    if (!'\r\n'.startsWith(tail)) return { kind: 'bad', problem: `${JSON.stringify(tail)} after chunk data` }
    if (tail.length < 2) return { kind: 'more' }
    body.push(bytes.slice(at, at + size))
    at += size + 2
  }
}

function readTrailers(bytes: string, at: number, body: string, problems: string[], done: Done): Read {
  if (bytes.startsWith('\r\n', at)) return done('chunked', body, at + 2)
  const close = bytes.indexOf('\r\n\r\n', at)
  if (close < 0) return { kind: 'more' }
  const trailers = readFields(bytes.slice(at, close).split('\r\n'), problems)
  return done('chunked', body, close + 4, trailers)
}
