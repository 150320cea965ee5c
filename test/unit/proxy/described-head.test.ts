// Described requests become the same heads as received ones, and are refused like them.
import { describe, expect, test } from 'vitest'
import type { ExplainRequest } from '../../../src/model/admin.ts'
import { GatewayError } from '../../../src/model/error.ts'
import { type DescribedBy, describedHead } from '../../../src/proxy/described-head.ts'

const callers = [
  { name: 'simon', cidr: [], spiffe: ['spiffe://dc1/svc/simon', 'spiffe://dc2/svc/simon'] },
  { name: 'vm', cidr: ['10.1.2.0/24', '10.9.0.0/16'], spiffe: [] },
  { name: 'six', cidr: ['2001:db8::/32'], spiffe: [] },
]

function head(fields: Partial<ExplainRequest>): ReturnType<typeof describedHead> {
  return describedHead({ method: 'GET', url: '/', ...fields }, { callers, listener: 'web' })
}

function refusal(fields: Partial<ExplainRequest>): { readonly reason: string; readonly message: string } {
  try {
    head(fields)
  } catch (error) {
    if (error instanceof GatewayError) return { reason: error.reason, message: error.message }
    throw error
  }
  throw new Error('it was not refused')
}

describe('url', () => {
  test.each([
    ['http://Words.Example.com/one', 'http', 'words.example.com', 'words.example.com', '/one', ''],
    ['https://words.example.com:443/one?x=1&y', 'https', 'words.example.com', 'words.example.com', '/one', '?x=1&y'],
    ['HTTPS://words.example.com:8443', 'https', 'words.example.com:8443', 'words.example.com', '/', ''],
    ['words.example.com/one', 'http', 'words.example.com', 'words.example.com', '/one', ''],
    ['words.example.com?x', 'http', 'words.example.com', 'words.example.com', '/', '?x'],
    ['words.example.com.:80/a#part', 'http', 'words.example.com', 'words.example.com', '/a', ''],
    ['/a/../b//c/%7euser', 'http', 'localhost', 'localhost', '/b/c/~user', ''],
    ['http://[::1]:8080/', 'http', '[::1]:8080', '[::1]', '/', ''],
    ['', 'http', 'localhost', 'localhost', '/', ''],
  ])('%s', (url, scheme, authority, host, path, query) => {
    expect(head({ url })).toMatchObject({ scheme, authority, host, path, query, listener: 'web' })
  })

  test('path parameters are kept for the endpoint and cut for rules', () => {
    expect(head({ url: '/a;v=1/b' })).toMatchObject({ path: '/a;v=1/b', matchPath: '/a/b' })
  })

  test('a Host field wins over the host of the URL, and is there in any case', () => {
    const named = head({ url: 'http://one/', headers: [['host', 'Two:8080']] })
    expect(named).toMatchObject({ authority: 'two:8080', host: 'two' })
    expect([...named.headers]).toEqual([['host', 'Two:8080']])
    expect([...head({ url: 'http://One/', headers: [['X-A', ' b ']] }).headers]).toEqual([['X-A', 'b'], ['Host', 'One']])
  })
})

describe('from', () => {
  test.each([
    [undefined, '127.0.0.1', []],
    ['10.0.0.7', '10.0.0.7', []],
    ['::ffff:10.0.0.7', '10.0.0.7', []],
    ['2001:db8::1', '2001:db8::1', []],
    ['simon', '127.0.0.1', ['spiffe://dc1/svc/simon']],
    ['vm', '10.1.2.0', []],
    ['six', '2001:db8::', []],
    ['spiffe://dc9/other', '127.0.0.1', ['spiffe://dc9/other']],
  ])('%s', (from, address, identities) => {
    expect(head(from === undefined ? {} : { from }).source).toEqual({ address, port: 0, identities })
  })
})

describe('refused', () => {
  test.each<[string, Partial<ExplainRequest>, string, RegExp]>([
    ['a method that is none', { method: 'GE T' }, 'bad_request', /not a token/],
    ['a method longer than any listener takes', { method: 'A'.repeat(33) }, 'bad_request', /at most 32/],
    ['CONNECT', { method: 'CONNECT' }, 'method_not_supported', /CONNECT/],
    ['TRACE', { method: 'TRACE' }, 'method_not_supported', /TRACE/],
    ['an encoded slash', { url: '/a%2fb' }, 'bad_path', /more than one way/],
    ['a space in the query', { url: '/a?x y' }, 'bad_path', /more than one way/],
    ['a host that is none', { url: 'http://a_b!/' }, 'bad_host', /"a_b!" is not a host name/],
    ['user information', { url: 'http://user@host/' }, 'bad_host', /host name/],
    ['a field name with a space', { headers: [['x y', '1']] }, 'bad_request', /"x y" is not the name/],
    ['a field value with a line feed', { headers: [['x', 'a\nb']] }, 'bad_request', /value of x holds a control/],
    ['two hosts', { headers: [['Host', 'a'], ['host', 'b']] }, 'bad_host', /more than one/],
    ['too many fields', { headers: Array.from({ length: 101 }, (_, i) => [`x${i}`, ''] as const) }, 'headers_too_large', /101 header fields/],
    ['an unknown caller', { from: 'nobody' }, 'bad_request', /"nobody" is neither .*callers of the table: simon, vm, six/],
  ])('%s', (_name, fields, reason, message) => {
    expect(refusal(fields)).toMatchObject({ reason, message: expect.stringMatching(message) as string })
  })
})

describe('fields that only a trusted proxy may send', () => {
  const sent = (from: string, by: Partial<DescribedBy>): ReturnType<typeof describedHead> =>
    describedHead({ method: 'GET', url: 'http://a/', from, headers: [['X-Forwarded-For', '192.0.2.1'], ['X-Forwarded-Proto', 'https'], ['X-User', 'x']] }, { callers, listener: 'web', ...by })
  const said = ({ headers, source, scheme }: ReturnType<typeof describedHead>): unknown => [[...headers].map(([name]) => name.toLowerCase()), source.address, scheme]

  test('are gone when another sends them, as they are from a received request', () => {
    expect(said(sent('10.0.0.7', { trustedProxies: [] }))).toEqual([['x-user', 'host'], '10.0.0.7', 'http'])
    expect(said(sent('10.0.0.7', { trustedProxies: ['10.0.0.8/32'] }))).toEqual([['x-user', 'host'], '10.0.0.7', 'http'])
  })

  test('say who asked, and how, when such a proxy sends them', () => {
    expect(said(sent('10.0.0.8', { trustedProxies: ['10.0.0.8/32'] }))).toEqual([['x-forwarded-for', 'x-forwarded-proto', 'x-user', 'host'], '192.0.2.1', 'https'])
  })

  test('stand where the description is of what the table sees', () => {
    expect(said(sent('10.0.0.7', {}))).toEqual([['x-forwarded-for', 'x-forwarded-proto', 'x-user', 'host'], '10.0.0.7', 'http'])
  })
})
