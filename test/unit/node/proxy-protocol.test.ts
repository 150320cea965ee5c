// PROXY headers with addresses that not every socket has.
import { expect, test } from 'vitest'
import { proxyHeader } from '../../../src/node/proxy-protocol/write.ts'
import { readProxyHeader } from '../../../src/node/proxy-protocol/read.ts'

test.each(['v1', 'v2'] as const)('the zone of a link-local address means nothing to an endpoint, and is left out: %s', (version) => {
  const bytes = proxyHeader(version, { address: 'fe80::1%eth0', port: 4660, identities: [] }, { localAddress: 'fe80::2%eth0', localPort: 80 })
  expect(bytes.toString('latin1')).not.toContain('%')
  expect(readProxyHeader(bytes)).toEqual({ kind: 'ok', length: bytes.length, address: 'fe80::1', port: 4660 })
})
