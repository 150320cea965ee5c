// Errors of Redis in words for people: what kind, what to do, and never a password.
import { describe, expect, it } from 'vitest'
import { classifyRedisError, StoreFault } from '../../../src/store/redis-fault.ts'

describe('classifyRedisError', () => {
  it.each([
    ['NOAUTH Authentication required.', 'denied', /wants a password/],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'denied', /user or password is wrong/],
    ["NOPERM this user has no permissions to run the 'get' command", 'denied', /lacks a right/],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'config', /choose another prefix/],
    ['ERR DB index is out of range', 'config', /no such database/],
    ['ERR SELECT is not allowed in cluster mode', 'config', /no such database/],
    ['MOVED 3999 127.0.0.1:6381', 'config', /Redis cluster/],
    ['LOADING Redis is loading the dataset in memory', 'unavailable', /still loading/],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'unavailable', /lost its primary/],
    ['CLUSTERDOWN The cluster is down', 'unavailable', /cluster/],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'unavailable', /moving/],
    ["READONLY You can't write against a read only replica.", 'unavailable', /write to the primary/],
    ['BUSY Redis is busy running a script.', 'unavailable', /script/],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'unavailable', /memory is full/],
    ['MISCONF Redis is configured to save RDB snapshots', 'unavailable', /cannot save to its disk/],
    ['ERR max number of clients reached', 'unavailable', /no connection left/],
    ['ERR unknown command `HGET`', 'config', /does not talk like Redis/],
    ['Command timed out', 'unavailable', /no answer in time/],
    ['unable to verify the first certificate', 'config', /not tried without TLS/],
    ['Connection is closed.', 'unavailable', /connection was cut/],
    ['All sentinels are unreachable. Retrying from scratch after 139.6ms.', 'unavailable', /no Sentinel answers/],
    ['something new', 'unavailable', /cannot be read/],
  ])('%s is %s', (text, kind, says) => {
    const fault = classifyRedisError(new Error(text), 'db:6379')
    expect(fault.kind).toBe(kind)
    expect(fault.message).toMatch(says)
    expect(fault.message).toContain('Redis at db:6379: ')
    expect(fault.message).toContain(`(${text})`)
  })

  it.each([
    ['ECONNREFUSED', /nothing listens there/],
    ['ENOTFOUND', /host name is unknown/],
    ['ETIMEDOUT', /no answer in time/],
    ['ECONNRESET', /was cut/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /not tried without TLS/],
  ])('the code %s speaks before the text', (code, says) => {
    expect(classifyRedisError(Object.assign(new Error('x'), { code }), 'db:6379').message).toMatch(says)
  })

  it('cuts out every secret', () => {
    const fault = classifyRedisError(new Error('cannot AUTH s3cret at redis://u:s3cret@db'), 'db:6379', ['s3cret', ''])
    expect(fault.message).not.toContain('s3cret')
    expect(fault.message).toContain('AUTH ***')
  })

  it('has one topic for one trouble', () => {
    const topics = ['All sentinels are unreachable. Retrying after 1ms.', 'All sentinels are unreachable. Retrying after 2ms.'].map((text) => classifyRedisError(new Error(text), 'db').topic)
    expect(topics[0]).toBe(topics[1])
  })

  it('leaves what is named already as it is', () => {
    const fault = new StoreFault('denied', 'x')
    expect(classifyRedisError(fault, 'db')).toBe(fault)
  })

  it.each([undefined, null, 'text', 7, {}])('takes %j for an error', (value) => {
    expect(classifyRedisError(value, 'db').kind).toBe('unavailable')
  })
})
