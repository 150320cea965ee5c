// `npm ci` must work on every platform: it refuses a lock file that lacks an optional package of any of them.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { missingPlatforms, type Lockfile } from '../../../scripts/lock-platforms.ts'

test('package-lock.json names the packages of all platforms; if not, run node scripts/lock-platforms.ts', () => {
  const lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as Lockfile
  expect(Object.keys(missingPlatforms(lock))).toEqual([])
})

test('what is missing is placed beside its sibling, with its platform', () => {
  const packages = {
    'node_modules/a': { dev: true, optionalDependencies: { 'a-linux-x64-musl': '1.0.0', 'a-linux-x64-gnu': '1.0.0', 'a-win32-arm64': '1.0.0', fsevents: '2.0.0' } },
    'node_modules/b/node_modules/a-linux-x64-gnu': { version: '9.0.0' },
    'node_modules/a-linux-x64-gnu': { version: '1.0.0' },
  }
  expect(missingPlatforms({ packages })).toEqual({
    'node_modules/a-linux-x64-musl': { version: '1.0.0', cpu: ['x64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] },
    'node_modules/a-win32-arm64': { version: '1.0.0', cpu: ['arm64'], dev: true, optional: true, os: ['win32'] },
  })
})
