// A secret of a registry: in the options or in a file.
import { expect, test } from 'vitest'
import { createSecret, type SecretPlace } from '../../../discovery/secret.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const place: SecretPlace = { name: 'token', written: undefined, file: '/t', most: 8 }

test.each<[string, Partial<SecretPlace>, string | undefined, unknown]>([
  ['none', { file: undefined }, undefined, undefined],
  ['one in the options', { file: undefined, written: 'one' }, undefined, 'one'],
  ['the file before the options, trimmed', { written: 'one' }, ' two\n', 'two'],
  ['no file', { written: 'one' }, undefined, Error('the token file /t is missing or empty')],
  ['an empty file', { name: 'password' }, ' \n', Error('the password file /t is missing or empty')],
  ['a file that is too long', {}, 'a'.repeat(9), Error('/t is longer than 8 bytes')],
  ['a text that fits', { fits: (text) => text.includes(':') }, 'a:b', 'a:b'],
  ['a text that does not fit', { fits: (text) => text.includes(':'), missing: (file) => `${file} has no user` }, 'ab', Error('/t has no user')],
])('%s', async (_, given, content, expected) => {
  const files = fakeFiles(fakePlatform(), [])
  if (content !== undefined) files.write('/t', content)
  const secret = createSecret('main', { ...place, ...given }, files)
  expect(await secret().catch((error: unknown) => error)).toEqual(expected)
})

test('the file is read each time', async () => {
  const files = fakeFiles(fakePlatform(), [])
  const secret = createSecret('main', place, files)
  for (const content of ['one', 'two']) {
    files.write('/t', content)
    expect(await secret()).toBe(content)
  }
})

test('a file where there are none to read is refused at once, with what to use instead', () => {
  expect(() => createSecret('main', place, undefined)).toThrow('registry main: tokenFile needs files, which this runtime has not; use token')
  expect(() => createSecret('main', { ...place, name: 'auth', instead: 'the other' }, undefined)).toThrow('registry main: authFile needs files, which this runtime has not; use the other')
})
