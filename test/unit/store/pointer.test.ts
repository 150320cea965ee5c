// The pointer is hostile text.
import { describe, expect, it } from 'vitest'
import { parsePointer, SCHEMA } from '../../../src/store/pointer.ts'

const SHA = '0123456789abcdef'.repeat(4)
const GOOD = { version: 7, epoch: '2026-01-01T00:00:00Z', sha256: SHA, bytes: 123, schema: 2, writtenAt: '2026-01-02T00:00:00Z', by: 'ann@host' }

describe('parsePointer', () => {
  it('reads all fields', () => {
    expect(parsePointer(JSON.stringify(GOOD))).toEqual({ ...GOOD, rollback: false })
  })

  it('takes rollback only as true itself', () => {
    expect(parsePointer(JSON.stringify({ ...GOOD, rollback: true }))).toMatchObject({ rollback: true })
    expect(parsePointer(JSON.stringify({ ...GOOD, rollback: 'true' }))).toMatchObject({ rollback: false })
  })

  it('does without schema, time and writer', () => {
    const { version, epoch, sha256, bytes } = GOOD
    expect(parsePointer(JSON.stringify({ version, epoch, sha256, bytes }))).toMatchObject({ schema: SCHEMA, writtenAt: '', by: '' })
  })

  it('bounds what reaches logs and keeps control characters out of it', () => {
    const parsed = parsePointer(JSON.stringify({ ...GOOD, by: `a\n\u001b[31m${'x'.repeat(300)}` }))
    expect(parsed).toMatchObject({ by: expect.stringMatching(/^a {2}\[31mx{1,200}$/) })
  })

  it.each([
    ['', /not JSON/],
    ['7', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['null', /not a JSON object/],
    [JSON.stringify({ ...GOOD, version: 0 }), /"version"/],
    [JSON.stringify({ ...GOOD, version: '7' }), /"version"/],
    [JSON.stringify({ ...GOOD, version: 1.5 }), /"version"/],
    [JSON.stringify({ ...GOOD, version: 2 ** 60 }), /"version"/],
    [JSON.stringify({ ...GOOD, epoch: '' }), /"epoch"/],
    [JSON.stringify({ ...GOOD, epoch: 'x'.repeat(101) }), /"epoch"/],
    [JSON.stringify({ ...GOOD, sha256: SHA.toUpperCase() }), /"sha256"/],
    [JSON.stringify({ ...GOOD, sha256: SHA.slice(1) }), /"sha256"/],
    [JSON.stringify({ ...GOOD, bytes: -1 }), /"bytes"/],
    [JSON.stringify({ ...GOOD, schema: SCHEMA + 1 }), /upgrade the gateway/],
    [`{"__proto__": ${JSON.stringify(GOOD)}}`, /"version"/],
  ])('refuses %s', (text, says) => {
    expect(parsePointer(text)).toMatch(says)
  })
})
