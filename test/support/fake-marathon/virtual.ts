// The fake Marathon behind a platform's fetch, under virtual time.
import type { FakePlatform } from '../fake-platform.ts'
import { createFakeMarathon, type FakeMarathon, type FakeMarathonOptions } from './fake-marathon.ts'
import type { Sink } from './streams.ts'

const HEARTBEAT = 10_000

export interface VirtualMarathon extends FakeMarathon {
  /** Milliseconds that an answer is on its way; it says what was when it was asked for. */
  latency: number
}

/** Puts one behind `fetch`; a host that is none of its nodes refuses every connection. */
export function virtualMarathon(platform: FakePlatform, options: FakeMarathonOptions = {}): VirtualMarathon {
  const marathon = Object.assign(createFakeMarathon(options), { latency: 0 })
  const nodes = options.nodes ?? ['m1:8080']
  platform.onFetch(async (url, init) => {
    const { host, pathname, searchParams } = new URL(url)
    if (!nodes.includes(host)) throw new TypeError('fetch failed', { cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) })
    const answer = marathon.answer({ node: host, path: pathname, query: searchParams, headers: new Headers(init.headers) })
    if (marathon.latency > 0) await platform.sleep(marathon.latency)
    const body = answer.stream === undefined ? answer.body : streamOf(answer.stream, init.signal ?? undefined)
    return new Response(answer.status === 204 || (answer.status >= 300 && answer.status < 400) ? null : body, { status: answer.status, headers: answer.headers })
  })
  void beat(platform, marathon)
  return marathon
}

async function beat(platform: FakePlatform, marathon: FakeMarathon): Promise<never> {
  for (;;) {
    await platform.sleep(HEARTBEAT)
    marathon.streams.beat()
  }
}

function streamOf(attach: (sink: Sink) => () => void, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let over = false
  let detach = (): void => {}
  const leave = (then: () => void): void => {
    if (over) return
    over = true
    detach()
    then()
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      signal?.addEventListener('abort', () => leave(() => controller.error(signal.reason)))
      detach = attach({ write: (text) => controller.enqueue(encoder.encode(text)), outstanding: () => 1 - (controller.desiredSize ?? 1), end: () => leave(() => controller.close()) })
    },
    cancel: () => leave(() => {}),
  })
}
