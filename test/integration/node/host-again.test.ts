// The Host of the request before is known without being cut out; whatever only looks like it is read as any other.
import { expect, test } from 'vitest'
import { HeadReader } from '../../../src/node/http1/head-reader.ts'
import { parseRequest } from '../../../src/node/http1/request-parser.ts'

const LIMITS = { lineBytes: 8192, headBytes: 65_536, headerCount: 100 }

function hostOf(field: string): string {
  const reader = new HeadReader('request')
  const bytes = Buffer.from(`GET /x HTTP/1.1\r\nAccept: a\r\n${field}\r\nX-Z: z\r\n\r\n`, 'latin1')
  reader.read(bytes, 0, bytes.length, LIMITS)
  try {
    const { authority, host } = parseRequest(reader.text, reader.scanner, reader.base, 'http')
    return `${authority} ${host}`
  } catch (error) {
    return String((error as { reason?: string }).reason)
  }
}

test.each([
  ['Host: words.example.com', 'words.example.com words.example.com'],
  ['host: words.example.com', 'words.example.com words.example.com'],
  ['Host:words.example.com', 'words.example.com words.example.com'],
  ['Host:\twords.example.com', 'words.example.com words.example.com'],
  ['Host: words.example.com ', 'words.example.com words.example.com'],
  ['Host: WORDS.example.com', 'words.example.com words.example.com'],
  ['Host: words.example.com:8080', 'words.example.com:8080 words.example.com'],
  ['Host: words.example.co', 'words.example.co words.example.co'],
  ['Host: xords.example.com', 'xords.example.com xords.example.com'],
  ['Host:xwords.example.com', 'xwords.example.com xwords.example.com'],
  ['Host: words.example.com/', 'bad_host'],
  ['Host: ', 'bad_host'],
  ['Host:', 'bad_host'],
  ['Host: words.example.com\r\nHost: words.example.com', 'bad_host'],
])('after words.example.com, %j is read as ever', (field, wanted) => {
  const before = 'words.example.com words.example.com'
  expect([hostOf('Host: words.example.com'), hostOf('Host: words.example.com'), hostOf(field), hostOf(field), hostOf('Host: words.example.com')]).toEqual([before, before, wanted, wanted, before])
})

test('more hosts than are remembered are still read right', () => {
  for (let i = 0; i < 3000; i++) expect(hostOf(`Host: h${i}.example.com`)).toBe(`h${i}.example.com h${i}.example.com`)
  expect(hostOf('Host: h2999.example.com')).toBe('h2999.example.com h2999.example.com')
  expect(hostOf('Host: h0.example.com')).toBe('h0.example.com h0.example.com')
})
