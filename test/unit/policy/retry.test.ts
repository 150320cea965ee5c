// What is tried again after what, as a table.
import { expect, test } from 'vitest'
import { GatewayError, type GatewayErrorOptions, type Reason } from '../../../src/model/error.ts'
import type { RetryConfig } from '../../../src/model/route-config.ts'
import { afterError, afterStatus, type Failure, type Verdict } from '../../../src/policy/retry.ts'

const ALL: RetryConfig = { attempts: 3, on: ['connect', 'reset', 'timeout', '5xx', '429'], methods: ['GET', 'PUT'], perTry: 0 }
const FIRST: Failure = { method: 'GET', replayable: true, upgrade: false, tries: 1 }
const failed = (reason: Reason, retry: GatewayErrorOptions['retry']): GatewayError => new GatewayError(reason, '', { side: 'upstream', ...(retry === undefined ? {} : { retry }) })
const UNSENT = failed('connect_failed', 'unsent')
const STALE = failed('upstream_reset', 'stale')
const RESET = failed('upstream_reset', 'reset')
const TIMEOUT = failed('upstream_timeout', 'reset')

test.each<[string, GatewayError, Partial<Failure>, RetryConfig | undefined, Verdict]>([
  ['a failed connect, without retry', UNSENT, {}, undefined, 'free'],
  ['a failed connect of a POST', UNSENT, { method: 'POST' }, undefined, 'free'],
  ['the third failed connect, without retry', UNSENT, { tries: 3 }, undefined, 'no'],
  ['the third failed connect', UNSENT, { tries: 3 }, ALL, 'paid'],
  ['the fourth failed connect', UNSENT, { tries: 4 }, ALL, 'no'],
  ['a dead connection', STALE, {}, undefined, 'free'],
  ['a dead connection for a POST', STALE, { method: 'POST' }, undefined, 'no'],
  ['the third dead connection', STALE, { tries: 3 }, undefined, 'no'],
  ['the third dead connection, with retry on reset', STALE, { tries: 3 }, ALL, 'paid'],
  ['the fourth dead connection, with retry on reset', STALE, { tries: 4 }, ALL, 'no'],
  ['a reset, without retry', RESET, {}, undefined, 'no'],
  ['a reset', RESET, {}, ALL, 'paid'],
  ['a reset of a POST', RESET, { method: 'POST' }, ALL, 'no'],
  ['a timeout', TIMEOUT, {}, ALL, 'paid'],
  ['a failed connect for an upgrade', UNSENT, { upgrade: true }, undefined, 'free'],
  ['a dead connection for an upgrade', STALE, { upgrade: true }, undefined, 'free'],
  ['a reset of an upgrade', RESET, { upgrade: true }, ALL, 'no'],
  ['a timeout of an upgrade', TIMEOUT, { upgrade: true }, ALL, 'no'],
  ['a failed connect whose body is gone', UNSENT, { replayable: false }, ALL, 'no'],
  ['a dead connection whose body is gone', STALE, { replayable: false }, ALL, 'no'],
])('%s', (_what, error, failure, retry, verdict) => {
  expect(afterError(error, { ...FIRST, ...failure }, retry)).toBe(verdict)
})

test.each<[number, Partial<Failure>, Verdict]>([
  [503, {}, 'paid'],
  [429, {}, 'paid'],
  [404, {}, 'no'],
  [503, { method: 'POST' }, 'no'],
  [503, { replayable: false }, 'no'],
  [503, { upgrade: true }, 'no'],
  [503, { tries: 4 }, 'no'],
])('status %i, %o', (status, failure, verdict) => {
  expect(afterStatus(status, { ...FIRST, ...failure }, ALL)).toBe(verdict)
})
