// HTTP/1.1 request framing: every case of h1-requests.json through a gateway to a strict origin.
import { afterAll, beforeAll, describe, test } from 'vitest'
import { bytesOf, loadCorpus, type Raw, startRawGateway } from '../support/corpus.ts'
import { expectFraming, type FramingCase } from '../support/framing.ts'
import { gatewayAvailable, type TestGateway } from '../support/gateway.ts'
import type { Origin } from '../support/origin.ts'

interface RequestCase {
  readonly id: string
  readonly raw: Raw
  readonly want: FramingCase['want']
  readonly max?: number
  readonly why: string
}

/** Cases whose message never ends: the origin must not see a complete one. */
const NEVER_COMPLETE = new Set(['h1-cl-short-body-then-close', 'h1-chunk-size-u32-wrap', 'h1-chunk-data-short'])
/** Bodies that the strict reader cannot tell from the case itself, because extensions are not strict. */
const BODIES = new Map([['h1-chunk-ok-ext-quoted', 'hello']])

let origin: Origin
let gateway: TestGateway

function framingCase(each: RequestCase): FramingCase {
  const body = BODIES.get(each.id)
  return { ...each, raw: bytesOf(each.raw), unfinished: NEVER_COMPLETE.has(each.id), ends: each.id.endsWith('-then-close'), ...(body === undefined ? {} : { body }) }
}

describe.skipIf(!gatewayAvailable)('h1-requests', () => {
  beforeAll(async () => {
    ({ origin, gateway } = await startRawGateway())
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
  })

  test.each(loadCorpus<RequestCase>('h1-requests'))('$id: $want, $why', async (each) => {
    await expectFraming(framingCase(each), gateway, origin)
  })
})
