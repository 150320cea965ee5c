// Buffers of answers are used again: whatever comes in between, a client gets the bytes that the endpoint sent.
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../../../src/model/headers.ts'
import { BY_LENGTH, CHUNKED } from '../../../src/node/http1/framing.ts'
import { Response } from '../../../src/node/http1/response.ts'
import { ResponseWriter } from '../../../src/node/http1/response-writer.ts'
import { Reader } from '../../../src/node/http1/shared-read.ts'
import type { Wire } from '../../../src/node/http1/wire.ts'
import { seededRandom } from '../../support/fake-platform.ts'

/** A client that looks at what is written to it only later. */
class LateWire {
  received = ''
  private readonly pending: (() => void)[] = []

  text(text: string): boolean {
    this.pending.push(() => (this.received += text))
    return true
  }

  bytes(bytes: Buffer, done?: () => void): boolean {
    this.pending.push(() => {
      this.received += bytes.toString('latin1')
      done?.()
    })
    return true
  }

  together(run: () => void): void {
    run()
  }

  get needsDrain(): boolean {
    return false
  }

  flush(): void {
    for (const write of this.pending.splice(0)) write()
  }
}

const source = { pause: () => {}, resume: () => {}, abort: () => {}, writeRaw: () => true, endRaw: () => {}, open: true, backlog: 0 }

/** One answer on its way from an endpoint's connection to a client's. */
class Download {
  readonly wire = new LateWire()
  sent = ''
  private readonly reader = new Reader()
  private readonly response: Response
  private readonly writer: ResponseWriter
  private relayed = false
  private readonly id: number

  constructor(id: number, chunked: boolean, large: boolean) {
    this.id = id
    this.writer = new ResponseWriter(this.wire as unknown as Wire)
    this.response = new Response(source, { status: 200, reason: 'OK', headers: new HeaderList(), mode: chunked ? CHUNKED : BY_LENGTH, length: chunked ? -1 : 1e9, keepAlive: true, idleSeconds: 0, upgrade: '' })
    this.reader.large = large
  }

  /** A read of the endpoint's connection; every one has text of its own. */
  read(length: number): void {
    const text = `${this.id}.${this.sent.length};`.repeat(Math.ceil(length / 4)).slice(0, length)
    const bytes = this.reader.next().subarray(0, length)
    bytes.write(text, 'latin1')
    this.sent += text
    this.response.push(bytes)
  }

  relay(): void {
    if (this.relayed) return
    this.relayed = true
    this.writer.begin({ status: 200, reason: 'OK', headers: new HeaderList() }, this.response, 'GET', false, true, undefined)
    this.response.relayTo({
      writeResponse: (bytes) => this.writer.write(bytes),
      endResponse: (trailers) => this.writer.end(trailers),
      failResponse: () => {},
    })
  }

  finish(): void {
    this.relay()
    this.response.end('')
    this.wire.flush()
  }

  /** The body as the client got it. */
  get body(): string {
    const body = this.wire.received.slice(this.wire.received.indexOf('\r\n\r\n') + 4)
    return this.response.mode === CHUNKED ? unchunk(body) : body
  }
}

function unchunk(text: string): string {
  let body = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (!(size > 0)) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}

describe('buffers of responses', () => {
  test.each([
    ['by length', false, false],
    ['chunked', true, false],
    ['long ones, which are not copied', false, true],
  ] as const)('many at once, %s: each client gets its own bytes', (_name, chunked, large) => {
    const random = seededRandom(11)
    for (let round = 0; round < 40; round++) {
      const downloads = Array.from({ length: 6 }, (_none, id) => new Download(id, chunked, large))
      for (let step = 0; step < 40; step++) {
        const download = downloads[Math.floor(random() * downloads.length)]
        const act = random()
        if (act < 0.5) download?.read(1 + Math.floor(random() * 70_000))
        else if (act < 0.7) download?.relay()
        else download?.wire.flush()
      }
      for (const download of downloads) download.finish()
      expect(downloads.map(({ body, sent }) => body === sent)).toEqual(downloads.map(() => true))
    }
  })
})
