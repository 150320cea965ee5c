// The admin page's script is text to the compiler and the linter: here it is at least read by an engine.
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { PAGE_SCRIPT } from '../../src/node/admin/page-script.ts'

test('the script of the admin page parses', () => {
  expect(() => new Script(PAGE_SCRIPT)).not.toThrow()
})
