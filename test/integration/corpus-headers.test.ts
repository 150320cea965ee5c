// Header trust and hop-by-hop rules for an untrusted peer: every case of headers-trust.json with the default configuration.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectInnocent, loadCorpus, startRawGateway } from '../support/corpus.ts'
import { gatewayAvailable, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import type { Origin, SeenRequest } from '../support/origin.ts'
import { exchange } from '../support/raw-client.ts'

interface HeaderCase {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly tier: 'must' | 'should' | 'configured' | 'info'
  readonly why: string
  readonly rejectOk?: boolean
  readonly needHost?: boolean
  readonly mustHaveIfNormally?: string
  readonly absent?: readonly string[]
  readonly notValue?: Readonly<Record<string, string>>
  readonly notContains?: Readonly<Record<string, string>>
  readonly lastNot?: Readonly<Record<string, string>>
  readonly keep?: Readonly<Record<string, string>>
  readonly either?: Readonly<Record<string, readonly (string | null)[]>>
  readonly maxLen?: Readonly<Record<string, number>>
}

let origin: Origin
let gateway: TestGateway

async function send(each: Pick<HeaderCase, 'method' | 'path' | 'headers'>): Promise<{ status: number; seen: SeenRequest | undefined }> {
  origin.clear()
  const lines = each.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const reading = await exchange(gateway.port('patient'), `${each.method} ${each.path} HTTP/1.1\r\nHost: lab.test\r\n${lines}\r\n`)
  expect(reading.problems).toEqual([])
  return { status: reading.responses[0]?.status ?? 0, seen: origin.requests[0] }
}

async function judge(each: HeaderCase, seen: SeenRequest): Promise<void> {
  const all = (name: string): string[] => valuesOf(seen.fields, name)
  for (const name of each.absent ?? []) expect(all(name), name).toEqual([])
  for (const [name, value] of Object.entries(each.notValue ?? {})) expect(all(name), name).not.toContain(value)
  for (const [name, text] of Object.entries(each.notContains ?? {})) expect(all(name).join(), name).not.toContain(text)
  for (const [name, value] of Object.entries(each.lastNot ?? {})) expect(all(name).join().split(',').at(-1)?.trim(), name).not.toBe(value)
  for (const [name, value] of Object.entries(each.keep ?? {})) expect(all(name), name).toEqual([value])
  for (const [name, allowed] of Object.entries(each.either ?? {})) expect(allowed, name).toContain(all(name).length === 0 ? null : all(name).join('|'))
  for (const [name, length] of Object.entries(each.maxLen ?? {})) expect(all(name).join().length, name).toBeLessThanOrEqual(length)
  if (each.needHost === true) expect(all('host')).toEqual(['lab.test'])
  if (each.mustHaveIfNormally === undefined) return
  const plain = await send({ method: 'GET', path: '/raw/x', headers: [] })
  const normally = valuesOf(plain.seen?.fields ?? [], each.mustHaveIfNormally).length
  expect(all(each.mustHaveIfNormally)).toHaveLength(normally)
}

describe.skipIf(!gatewayAvailable)('headers-trust', () => {
  beforeAll(async () => {
    ({ origin, gateway } = await startRawGateway())
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
  })

  test.each(loadCorpus<HeaderCase>('headers-trust'))('$id ($tier): $why', async (each) => {
    const { status, seen } = await send(each)
    expect(origin.problems()).toEqual([])
    if (each.rejectOk === true && seen === undefined) expect(status).toBeGreaterThanOrEqual(400)
    else {
      expect(status).toBe(200)
      expect(seen).toBeDefined()
      if (seen !== undefined) await judge(each, seen)
    }
    await expectInnocent(gateway.port('patient'), origin)
  })
})
