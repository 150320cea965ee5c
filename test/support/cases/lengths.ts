// Forms of Content-Length and Transfer-Encoding, alone, repeated and together.
import { CANARY, type FramingCase } from '../framing.ts'

const post = (fields: readonly string[], body: string, version = '1.1'): string => `POST /raw/x HTTP/${version}\r\nHost: lab.test\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`

const BAD_LENGTHS = ['', '+5', '-5', '-0', '0x5', '5.0', '5e0', '5,5', '5, 5', '5;5', '5 5', '5_0', "'5'", '"5"', 'five', 'Infinity', 'NaN', '0b101', '0o5', 'null', '5/1', '(5)', '5%', '\xd9\xa5', '\xef\xbc\x95', '9007199254740993', '99999999999999999999', '18446744073709551621', '4294967301junk']

const BAD_CODINGS = ['', 'identity', 'chunked, identity', 'identity, chunked', 'chunked chunked', 'chunked,', ',chunked', ', chunked', 'chunked, ,', 'chunked,chunked', 'chunked;a=b', 'chunked; a', '"chunked"', 'gzip', 'gzip, chunked', 'chunked, gzip', 'deflate', 'x-chunked', 'chunked-x', 'chunke', 'chunkedd', 'ch unked', 'chunked\\', '{chunked}', 'chunked\xa0', '\xc5\xbfhunked', 'trailers', 'null']

/** Groups of field lines of which none may pass. */
const BAD_GROUPS: readonly (readonly string[])[] = [
  ['Content-Length: 5', 'Content-Length: 6'],
  ['Content-Length: 6', 'Content-Length: 5'],
  ['Content-Length: 5', 'Content-Length: '],
  ['Content-Length: ', 'Content-Length: 5'],
  ['Content-Length: 5', 'content-length: 05', 'CONTENT-LENGTH: 5'],
  ['Content-Length: 5', 'X-A: 1', 'Content-Length: 0'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: '],
  ['Transfer-Encoding: ', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'transfer-encoding: x'],
  ['Transfer-Encoding: chunked', 'Content-Length: 0'],
  ['Content-Length: 0', 'Transfer-Encoding: chunked'],
  ['Content-Length: 5', 'Transfer-Encoding: identity'],
  ['Transfer-Encoding: chunked', 'Content-Length: x'],
  ['Transfer-Encoding:\r\n chunked'],
  ['Content-Length:\r\n 5'],
  ['Content-Length: 5\r\n\t0'],
  ['Transfer Encoding: chunked'],
  ['Content Length: 5'],
]

const TWINS = ['Transfer_Encoding: chunked', 'Transfer.Encoding: chunked', 'TransferEncoding: chunked', 'Content_Length: 0', 'Content.Length: 0', 'ContentLength: 0', 'X-Transfer-Encoding: chunked']

const CHUNKED = `5\r\nhello\r\n0\r\n\r\n`

export const lengths: FramingCase[] = [
  ...BAD_LENGTHS.map((value): FramingCase => ({ id: `Content-Length: ${value}`, raw: post([`Content-Length: ${value}`], `hello${CANARY}`), want: 'reject' })),
  ...BAD_CODINGS.map((value): FramingCase => ({ id: `Transfer-Encoding: ${value}`, raw: post([`Transfer-Encoding: ${value}`], CHUNKED + CANARY), want: 'reject' })),
  ...BAD_CODINGS.map((value): FramingCase => ({ id: `Transfer-Encoding: ${value}, and a length`, raw: post(['Content-Length: 5', `Transfer-Encoding: ${value}`], `hello${CANARY}`), want: 'reject' })),
  ...BAD_GROUPS.map((group): FramingCase => ({ id: group.join(' | '), raw: post(group, CHUNKED + CANARY), want: 'reject' })),
  ...TWINS.map((twin): FramingCase => ({ id: `${twin}, and a length`, raw: post([twin, 'Content-Length: 5'], 'hello'), want: 'reject_or_clean' })),
  ...TWINS.map((twin): FramingCase => ({ id: `${twin} alone`, raw: `GET /raw/x HTTP/1.1\r\nHost: lab.test\r\n${twin}\r\n\r\n`, want: 'reject_or_clean' })),
  { id: 'Transfer-Encoding in HTTP/1.0', raw: post(['Transfer-Encoding: chunked'], CHUNKED + CANARY, '1.0'), want: 'reject' },
  { id: 'Transfer-Encoding in HTTP/1.0, kept alive', raw: post(['Connection: keep-alive', 'Transfer-Encoding: chunked'], CHUNKED + CANARY, '1.0'), want: 'reject' },
  { id: 'Content-Length with leading zeros', raw: post(['Content-Length: 005'], 'hello'), want: 'reject_or_clean' },
  { id: 'equal lengths', raw: post(['Content-Length: 5', 'Content-Length: 5'], 'hello'), want: 'reject_or_clean' },
  { id: 'length 0, then bytes', raw: post(['Content-Length: 0'], 'hello'), want: 'reject', before: 1 },
  { id: 'length 0', raw: post(['Content-Length: 0'], ''), want: 'accept' },
  { id: 'chunked in any letter case', raw: post(['tRANSFER-eNCODING: cHuNkEd'], CHUNKED), want: 'accept' },
  { id: 'body in HTTP/1.0', raw: post(['Content-Length: 5'], 'hello', '1.0'), want: 'accept' },
  { id: 'GET with a body that looks like a request', raw: `GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nContent-Length: ${CANARY.length}\r\n\r\n${CANARY}`, want: 'reject_or_clean' },
  { id: 'POST with a body that looks like a request', raw: post([`Content-Length: ${CANARY.length}`], CANARY), want: 'accept' },
  { id: 'length longer than the body', raw: post(['Content-Length: 100'], 'hello'), want: 'reject_or_clean', unfinished: true },
  { id: 'length longer than the body, then FIN', raw: post(['Content-Length: 100'], 'hello'), want: 'reject_or_clean', unfinished: true, ends: true },
  { id: 'chunked body without its end, then FIN', raw: post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n'), want: 'reject_or_clean', unfinished: true, ends: true },
  { id: 'head without its end, then FIN', raw: 'GET /raw/x HTTP/1.1\r\nHost: lab.test\r\n', want: 'reject', ends: true },
]
