// What a gateway does with what a store offers, rule by rule.
import { describe, expect, it } from 'vitest'
import { judgeNothing, judgePlain, judgePointer, offerKey, type Held } from '../../../src/store/accept.ts'
import { redisKeys } from '../../../src/store/layout.ts'
import type { Pointer } from '../../../src/store/pointer.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)
const KEYS = redisKeys('fairlead')
const NOTHING: Held = { kind: 'nothing' }
const HELD: Held = { kind: 'version', version: 12, epoch: 'e1', sha256: A, plain: '' }

function pointer(over: Partial<Pointer>): Pointer {
  return { version: 12, epoch: 'e1', sha256: A, bytes: 10, schema: 2, rollback: false, writtenAt: '', by: '', ...over }
}

describe('a pointer', () => {
  const cases: readonly [name: string, held: Held, offered: Partial<Pointer>, kind: string, says: RegExp][] = [
    ['anything is read when nothing is held', NOTHING, { version: 3 }, 'read', /^$/],
    ['what is held is the same', HELD, {}, 'same', /^$/],
    ['a higher version is read', HELD, { version: 13, sha256: B }, 'read', /^$/],
    ['a gap in the versions is no matter', HELD, { version: 40, sha256: B }, 'read', /^$/],
    ['a lower version of the same epoch is refused', HELD, { version: 11, sha256: B }, 'refuse', /went back from version 12 to 11/],
    ['a lower version is read when a rollback was meant', HELD, { version: 11, sha256: B, rollback: true }, 'read', /rolled back from version 12 to 11/],
    ['the same version with other content is refused', HELD, { sha256: B }, 'refuse', /version 12 was rewritten/],
    ['and is refused even as a rollback', HELD, { sha256: B, rollback: true }, 'refuse', /rewritten/],
    ['another epoch is read with a loud word, lower', HELD, { version: 1, epoch: 'e2', sha256: B }, 'read', /flushed or restored/],
    ['another epoch is read with a loud word, higher', HELD, { version: 90, epoch: 'e2', sha256: B }, 'read', /flushed or restored/],
    ['the same version and content under another epoch is the same', HELD, { epoch: 'e2' }, 'same', /^$/],
    ['one over the size limit is refused unread', NOTHING, { bytes: 1001 }, 'refuse', /1001 bytes, the limit is 1000/],
    ['one at the size limit is read', NOTHING, { bytes: 1000 }, 'read', /^$/],
    ['a version follows a table set by hand without a word', { kind: 'plain', sha256: A }, { version: 1 }, 'read', /^$/],
  ]
  it.each(cases)('%s', (_name, held, offered, kind, says) => {
    const verdict = judgePointer(held, pointer(offered), 1000)
    expect(verdict.kind).toBe(kind)
    expect(verdict.kind === 'read' ? verdict.warning : verdict.kind === 'refuse' ? verdict.message : '').toMatch(says)
  })

  it('is told apart by epoch, version and content, so that each is refused once', () => {
    const offers = [pointer({ version: 13 }), pointer({ version: 14 }), pointer({ version: 13, sha256: B }), pointer({ version: 13, epoch: 'e2' })]
    const keys = offers.map(offerKey)
    expect(new Set(keys).size).toBe(4)
  })
})

describe('the plain key', () => {
  const cases: readonly [name: string, held: Held, sha256: string, kind: string, says: RegExp][] = [
    ['is read when nothing is held', NOTHING, A, 'read', /^$/],
    ['is the same when it is held', { kind: 'plain', sha256: A }, A, 'same', /^$/],
    ['is read when it changed', { kind: 'plain', sha256: A }, B, 'read', /^$/],
    ['is read with a loud word when the pointer went and it was written since', { ...HELD, plain: A }, B, 'read', /leaving version 12/],
    ['does not come back as news when the pointer went and it is what it was before', { ...HELD, plain: A }, A, 'lost', /going on with version 12/],
  ]
  it.each(cases)('%s', (_name, held, sha256, kind, says) => {
    const verdict = judgePlain(held, sha256, KEYS)
    expect(verdict.kind).toBe(kind)
    expect(verdict.kind === 'read' ? verdict.warning : verdict.kind === 'lost' ? verdict.message : '').toMatch(says)
  })
})

describe('an empty store', () => {
  it.each([
    ['at the start', NOTHING, 'neither {fairlead}:routes:current nor {fairlead}:routes is there'],
    ['after a version', HELD, '{fairlead}:routes:current (version 12) is gone'],
    ['after a plain key', { kind: 'plain', sha256: A } as Held, '{fairlead}:routes is gone'],
  ])('is told %s', (_when, held, says) => {
    expect(judgeNothing(held, KEYS)).toContain(says)
  })
})
