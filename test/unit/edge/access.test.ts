// The access records of a worker.
import { expect, test } from 'vitest'
import { createEdge } from '../../../src/edge/entry.ts'
import type { AccessRecord } from '../../../src/model/access.ts'
import { tableOf } from '../../support/workerd.ts'

test('a request that is refused before routing has its record too', async () => {
  const records: AccessRecord[] = []
  const edge = createEdge({ table: tableOf('routes: [{ name: all, match: "/**", respond: { body: hello } }]'), onAccess: (access) => records.push(access) })
  const asked = ['http://a.example/x', 'http://a.example/a%2fb'].map((url) => edge.fetch(new Request(url, { headers: { 'cf-connecting-ip': '10.0.0.7' } }), {}))
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 400])
  expect(records.map(({ client, status, reason, route }) => [client, status, reason, route]).sort()).toEqual([['10.0.0.7', 200, '', 'all'], ['10.0.0.7', 400, 'bad_path', '']])
})
