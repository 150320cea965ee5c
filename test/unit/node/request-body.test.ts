// Upload buffers are used again: whatever comes in between, an endpoint gets the bytes that the client sent.
import { describe, expect, test } from 'vitest'
import { RequestBody, type BodySink } from '../../../src/node/http1/request-body.ts'
import { Reader } from '../../../src/node/http1/shared-read.ts'
import { seededRandom } from '../../support/fake-platform.ts'

const shared = new Reader().next()

/** A read of `length` bytes that tell which body they are of and where. */
function read(body: number, at: number, length: number): Buffer {
  const bytes = shared.subarray(0, length)
  for (let i = 0; i < length; i++) bytes[i] = byteOf(body, at + i)
  return bytes
}

function byteOf(body: number, at: number): number {
  return (body * 31 + at * 7 + (at >> 8)) & 255
}

/** An endpoint that looks at a chunk only when it is written out. */
class LateSink implements BodySink {
  readonly body: number
  bytes = 0
  wrong = 0
  readonly pending: (() => void)[] = []

  constructor(body: number) {
    this.body = body
  }

  writeBody(chunk: Buffer, done?: () => void): boolean {
    const at = this.bytes
    this.bytes += chunk.length
    this.pending.push(() => {
      for (let i = 0; i < chunk.length; i++) if (chunk[i] !== byteOf(this.body, at + i)) this.wrong++
      done?.()
    })
    return true
  }

  endBody(): void {}

  flush(): void {
    for (const write of this.pending.splice(0)) write()
  }
}

const make = (): RequestBody => new RequestBody(() => {}, () => {})

describe('RequestBody', () => {
  test('many uploads at once, some kept for a retry: each endpoint gets its own bytes', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 200; round++) {
      const uploads = Array.from({ length: 6 }, (_, i) => ({ body: make(), sink: new LateSink(i), sent: 0, attached: false, again: undefined as LateSink | undefined }))
      for (const { body } of uploads) if (random() < 0.5) body.keepForRetry()
      for (let step = 0; step < 40; step++) {
        const upload = uploads[Math.floor(random() * uploads.length)]
        if (upload === undefined) throw new Error('no upload')
        const { body, sink } = upload
        const act = random()
        if (act < 0.5) {
          const length = 1 + Math.floor(random() * 40_000)
          body.push(read(sink.body, upload.sent, length))
          upload.sent += length
        } else if (act < 0.6 && !upload.attached) {
          upload.attached = true
          body.attach(sink)
        } else if (act < 0.9) (upload.again ?? sink).flush()
        else if (upload.attached && upload.again === undefined && body.replayable) {
          body.detach()
          upload.again = new LateSink(sink.body)
          body.attach(upload.again)
        }
      }
      for (const { body, sink, again } of uploads) {
        body.release()
        sink.flush()
        again?.flush()
        expect(sink.wrong).toBe(0)
        expect(again?.wrong ?? 0).toBe(0)
      }
    }
  })

  test('a long chunk is used again once it is written and not kept, or its request is over', () => {
    const buffersOf = (keep: boolean): { readonly body: RequestBody; readonly sink: LateSink; readonly used: () => ArrayBufferLike } => {
      const body = make()
      if (keep) body.keepForRetry()
      const sink = new LateSink(1)
      let used: ArrayBufferLike | undefined
      body.attach({
        writeBody: (chunk, done) => {
          used = chunk.buffer
          return sink.writeBody(chunk, done)
        },
        endBody: () => {},
      })
      body.push(read(1, 0, 60_000))
      return { body, sink, used: () => used as ArrayBufferLike }
    }
    const first = buffersOf(false)
    first.sink.flush()
    const kept = buffersOf(true)
    expect(kept.used()).toBe(first.used())
    kept.sink.flush()
    expect(buffersOf(false).used()).not.toBe(kept.used())
    kept.body.release()
    expect(buffersOf(false).used()).toBe(kept.used())
    expect(kept.used().byteLength).toBe(shared.length)
  })

  test('a chunk that is still being written when its request is over is not used again', () => {
    const body = make()
    body.keepForRetry()
    const sink = new LateSink(2)
    body.attach(sink)
    body.push(read(2, 0, 50_000))
    body.release()
    for (let i = 0; i < 3; i++) {
      const other = make()
      const to = new LateSink(3)
      other.attach(to)
      other.push(read(3, 0, 50_000))
      expect(to.wrong).toBe(0)
    }
    sink.flush()
    expect(sink.wrong).toBe(0)
  })
})
