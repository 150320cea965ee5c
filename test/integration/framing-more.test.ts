// More request framing cases of the classes that the corpus has examples of, made from tables: each byte at each place, each form of each
// framing field, size line, trailer, target and Host, and what follows a request on its connection.
import { afterAll, beforeAll, describe, test } from 'vitest'
import { chunks } from '../support/cases/chunks.ts'
import { flows } from '../support/cases/flows.ts'
import { junkBytes } from '../support/cases/junk-bytes.ts'
import { lengths } from '../support/cases/lengths.ts'
import { lines } from '../support/cases/lines.ts'
import { startRawGateway } from '../support/corpus.ts'
import { expectFraming } from '../support/framing.ts'
import type { TestGateway } from '../support/gateway.ts'
import type { Origin } from '../support/origin.ts'

let origin: Origin
let gateway: TestGateway

beforeAll(async () => {
  ({ origin, gateway } = await startRawGateway())
})
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
})

describe.each(Object.entries({ 'junk bytes': junkBytes, lengths, chunks, lines, flows }))('%s', (_name, cases) => {
  test.each(cases)('$want: $id', async (each) => {
    await expectFraming(each, gateway, origin)
  })
})
