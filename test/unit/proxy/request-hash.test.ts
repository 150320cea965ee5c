// What a key is made of.
import { expect, test } from 'vitest'
import { hashString } from '../../../src/balance/hash.ts'
import { requestHash } from '../../../src/proxy/request-hash.ts'
import { request } from '../../support/build-table.ts'

test.each<[string, readonly (readonly [string, string])[], string]>([
  ['the value of a header', [['x-user', 'ann']], 'ann'],
  ['without the header the client address', [], '10.0.0.7'],
  ['an empty header too: those who send it have nothing in common', [['x-user', '']], '10.0.0.7'],
])('%s', (_name, headers, key) => {
  const head = { ...request('words.example/', { headers }), source: { address: '10.0.0.7', port: 0, identities: [] } }
  expect(requestHash({ kind: 'maglev', by: { kind: 'header', name: 'x-user' } }, head)).toBe(hashString(key))
  const cookies = { ...request('words.example/', { headers: headers.map(([name, value]) => ['cookie', `${name}=${value}`] as const) }), source: head.source }
  expect(requestHash({ kind: 'ring-hash', by: { kind: 'cookie', name: 'x-user' } }, cookies)).toBe(hashString(key))
})
