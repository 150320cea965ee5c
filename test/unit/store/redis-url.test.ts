// Redis URLs: each form, what is wrong with others, and no secret in what is shown.
import { describe, expect, it } from 'vitest'
import { gatewayIdOf } from '../../../src/node/store/gateway-id.ts'
import { parseRedisUrl } from '../../../src/node/store/redis-url.ts'
import { prefixProblem } from '../../../src/model/store-prefix.ts'
import { redisKeys } from '../../../src/store/layout.ts'

describe('parseRedisUrl', () => {
  it.each([
    ['redis://127.0.0.1:6379', { host: '127.0.0.1', port: 6379, db: 0 }, '127.0.0.1:6379'],
    ['redis://db.example', { host: 'db.example', port: 6379, db: 0 }, 'db.example:6379'],
    ['redis://', { host: '127.0.0.1', port: 6379, db: 0 }, '127.0.0.1:6379'],
    ['redis://[::1]:7000/3', { host: '::1', port: 7000, db: 3 }, '[::1]:7000'],
    ['redis://:p%40ss@db:1/', { host: 'db', port: 1, db: 0, password: 'p@ss' }, 'db:1'],
    ['redis://ann:a:b@db', { host: 'db', port: 6379, db: 0, username: 'ann', password: 'a:b' }, 'db:6379'],
    ['rediss://db', { host: 'db', port: 6379, db: 0, tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }, 'db:6379'],
    ['unix:///run/redis.sock?db=2', { path: '/run/redis.sock', db: 2 }, '/run/redis.sock'],
    ['redis+sentinel://:x@a,b:7/main/1', { sentinels: [{ host: 'a', port: 26379 }, { host: 'b', port: 7 }], name: 'main', db: 1, password: 'x' }, 'group main of Sentinels a:26379, b:7'],
    ['redis+sentinel://a/main?sentinelPassword=s', { sentinels: [{ host: 'a', port: 26379 }], name: 'main', db: 0, sentinelPassword: 's' }, 'group main of Sentinels a:26379'],
  ])('reads %s', (url, options, where) => {
    expect(parseRedisUrl(url)).toMatchObject({ options, where })
    expect((parseRedisUrl(url) as { options: object }).options).toEqual(options)
  })

  it('keeps what must not be shown', () => {
    expect(parseRedisUrl('redis://ann:p%40ss@db')).toMatchObject({ secrets: ['p@ss', 'ann:p%40ss'] })
  })

  it.each(['http://db', 'db:6379', 'redis://db:0', 'redis://db:99999', 'redis://db/x', 'redis://a b', 'redis+sentinel://a', 'unix://', 'redis://u:%zz@db', ''])('says what is wrong with %j', (url) => {
    expect(parseRedisUrl(url)).toMatch(/Redis URL/)
  })

  it('does not repeat a password in what it says', () => {
    expect(parseRedisUrl('redis://ann:s3cret@db:x')).not.toContain('s3cret')
  })
})

describe('the layout', () => {
  it('keeps all keys of a prefix in one slot', () => {
    expect(redisKeys('gw:prod')).toEqual({
      plain: '{gw:prod}:routes',
      current: '{gw:prod}:routes:current',
      log: '{gw:prod}:routes:log',
      notify: '{gw:prod}:routes:notify',
      acks: '{gw:prod}:routes:ack:',
      versions: '{gw:prod}:routes:v:',
    })
  })

  it.each([['fairlead', true], ['gw:prod', true], ['a/b-c_d.e', true], ['', false], ['a}b', false], ['a*', false], ['ü', false], ['x'.repeat(65), false]])('takes the prefix %j: %s', (prefix, good) => {
    expect(prefixProblem(prefix) === undefined).toBe(good)
  })
})

describe('gatewayIdOf', () => {
  it('is the same for the same path however it is written, and another for another', () => {
    expect(gatewayIdOf('/etc/a/../f.yaml')).toBe(gatewayIdOf('/etc/f.yaml'))
    expect(gatewayIdOf('/etc/f.yaml')).not.toBe(gatewayIdOf('/etc/g.yaml'))
    expect(gatewayIdOf('/etc/f.yaml')).toMatch(/^[A-Za-z0-9._-]+-[0-9a-f]{6}$/)
  })
})
