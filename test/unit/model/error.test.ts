// What is taken out of whatever was thrown.
import { describe, expect, test } from 'vitest'
import { codeOf, messageOf } from '../../../src/model/error.ts'

const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })

describe('what was thrown', () => {
  test.each<[unknown, string, string]>([
    [missing, 'no such file', 'ENOENT'],
    [new TypeError('wrong'), 'wrong', ''],
    // Of a DOMException it is a number, which names nothing.
    [new DOMException('stopped', 'AbortError'), 'stopped', ''],
    [{ code: 'ERR_X' }, '[object Object]', 'ERR_X'],
    ['a text', 'a text', ''],
    [null, 'null', ''],
    [undefined, 'undefined', ''],
  ])('is %o', (thrown, message, code) => {
    expect([messageOf(thrown), codeOf(thrown)]).toEqual([message, code])
  })
})
