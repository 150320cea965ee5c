// Where the routes of a run come from.
import { expect, test } from 'vitest'
import { runStore } from '../../../src/cli/run-store.ts'

const FILE = { redis: 'redis://:secret@file:6380', prefix: 'own' }
const ENV = { FAIRLEAD_REDIS: 'redis://env' }

test.each([
  ['nothing', {}, undefined, {}, undefined],
  ['an empty variable', {}, undefined, { FAIRLEAD_REDIS: '' }, undefined],
  ['the variable', {}, undefined, ENV, ['redis://env', 'fairlead', 'env:6379 (FAIRLEAD_REDIS)']],
  ['the file, whatever the variable says', {}, FILE, ENV, [FILE.redis, 'own', 'file:6380 (store in the file)']],
  ['the option, whatever the others say', { redis: 'redis://option/3' }, FILE, ENV, ['redis://option/3', 'own', 'option:6379 (--redis)']],
  ['a prefix for the store of the file', { prefix: 'p' }, FILE, {}, [FILE.redis, 'p', 'file:6380 (store in the file)']],
  ['a prefix for the variable', { prefix: 'p' }, undefined, ENV, ['redis://env', 'p', 'env:6379 (FAIRLEAD_REDIS)']],
] as const)('%s', (_name, options, ofFile, env, expected) => {
  const found = runStore(options, ofFile, env)
  expect(found && [found.store.redis, found.store.prefix, found.where]).toEqual(expected)
})

test.each([
  [{ prefix: 'p' }, {}, '--prefix is for routes from Redis'],
  [{ redis: 'http://a' }, {}, '--redis: this is not a Redis URL'],
  [{}, { FAIRLEAD_REDIS: 'nonsense' }, 'FAIRLEAD_REDIS: this is not a Redis URL'],
  [{ redis: 'redis://a', prefix: 'a b' }, {}, 'prefix "a b" cannot be used'],
])('%j with %j is refused', (options, env, message) => {
  expect(() => runStore(options, undefined, env)).toThrow(message)
})
