// Where a described request arrives.
import { expect, test } from 'vitest'
import { arrivalOf } from '../../../src/proxy/arrival.ts'

const WEB = { name: 'web', port: 8080, tls: false }
const SECURE = { name: 'secure', port: 8443, tls: true }
const INNER = { name: 'inner', port: 9000, tls: false }

test.each([
  ['http://h/', [WEB, SECURE], 'web'],
  ['https://h/', [WEB, SECURE], 'secure'],
  ['HTTPS://h/', [WEB, SECURE], 'secure'],
  ['https://h:443/x:8080/', [WEB, SECURE], 'secure'],
  ['http://h:9000/', [WEB, SECURE, INNER], 'inner'],
  ['h:9000', [WEB, SECURE, INNER], 'inner'],
  ['http://[::1]:9000/', [WEB, SECURE, INNER], 'inner'],
  ['https://h:9000/', [WEB, SECURE, INNER], 'inner'],
  ['http://h:7/', [SECURE, WEB], 'web'],
  ['h/x', [SECURE, WEB], 'secure'],
  ['/x', [SECURE, WEB], 'secure'],
  // TLS ends before the gateway.
  ['https://h/', [WEB, INNER], 'web'],
  ['https://h/', [{ name: 'edge' }], 'edge'],
  ['https://h/', [], 'http'],
])('%s at %j', (url, listeners, expected) => {
  expect(arrivalOf({ url }, listeners).listener).toBe(expected)
})

test('the listener that is named is meant, and gives its scheme to a URL without one', () => {
  expect(arrivalOf({ url: 'http://h/', listener: 'secure' }, [WEB, SECURE])).toEqual({ listener: 'secure', scheme: 'https' })
  expect(arrivalOf({ url: 'h/', listener: 'web' }, [SECURE, WEB])).toEqual({ listener: 'web', scheme: 'http' })
})
