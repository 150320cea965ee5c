// Forms of the chunked coding: size lines, extensions, what ends data and body, trailers.
import { CANARY, type FramingCase } from '../framing.ts'

const chunked = (body: string): string => `POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nTransfer-Encoding: chunked\r\n\r\n${body}`

const BAD_SIZES = ['', ' ', ' 5', '\t5', '-5', '+5', '0x5', '5h', '5.', '5.0', '5,5', '5 5', '5_', 'g', '#5', '5\r', '5\r\r', '5\0', '5\x0b', '5\x85', '\xef\xbc\x95', '"5"', '5;a\n', '5;a\nb', '5;a\rb', '5;\0', '5;a="\n"', 'FFFFFFFFFFFFFFFF', '7fffffffffffffff', '10000000000000005', '20000000000000', '000000000000000000005g', ';a=b', '=5']
/** Odd but not ambiguous: refused, or forwarded as a plain 5. */
const ODD_SIZES = ['05', '0000000005', '000000000000000000005', '5;', '5;;', '5;a', '5;a=b', '5; a=b', '5 ;a', '5 ; a = b', '5;a="b;c"', '5;a="\\""', `5;${'a'.repeat(300)}`, `5;${'a'.repeat(5000)}`, `5;${'a'.repeat(20_000)}`]
const BAD_DATA_ENDS = ['', 'X', 'XX', '\n', '\r', '\n\r', '  ', '\r\r\n', ' \r\n', '\0\r\n', '\r\n\r\n']
const BAD_BODY_ENDS = ['0\n\r\n', '0\r\n\n', '0\r\n\rX', '0\n\n', '0\r\nX', '0\r\n X: 1\r\n\r\n', '0x0\r\n\r\n', '-0\r\n\r\n', '+0\r\n\r\n', '0\r\nX-T: 1\n\r\n', '0\r\nX-T: 1\r\n\n', '0\r\nX-T: 1\r\r\n\r\n']
const ODD_BODY_ENDS = ['00\r\n\r\n', '0000000000\r\n\r\n', '0;a\r\n\r\n', '0;a=b\r\n\r\n', '0 \r\n\r\n']
const BAD_TRAILERS = [' X: y', '\tX: y', 'X : y', 'no colon', ': x', 'X y: z', 'X\0: y', 'X: a\nb: c', 'X: a\rb', 'X: a\0b', 'X(: y', '\x85X: y', 'X: y\r\n folded']
/** Fields that rule the message, the route or the trust: dropped from trailers, or refused. */
const RULING = ['Content-Length: 0', 'Transfer-Encoding: chunked', 'Host: evil.test', 'Connection: close', 'Upgrade: websocket', 'Expect: 100-continue', 'TE: trailers', 'Trailer: X', 'Authorization: Bearer x', 'Cookie: a=b', 'Content-Type: text/evil', 'Content-Encoding: gzip', 'Content-Range: bytes 0-1/2', 'X-Forwarded-For: 10.9.8.7', 'X-Forwarded-Proto: https', 'X_Forwarded_For: 10.9.8.7', 'Forwarded: for=10.9.8.7', 'Keep-Alive: timeout=1', 'Content_Length: 0', 'Set-Cookie: a=b']

export const chunks: FramingCase[] = [
  ...BAD_SIZES.map((size): FramingCase => ({ id: `size line ${JSON.stringify(size)}`, raw: chunked(`${size}\r\nhello\r\n0\r\n\r\n${CANARY}`), want: 'reject' })),
  ...BAD_SIZES.map((size): FramingCase => ({ id: `size line ${JSON.stringify(size)} of the second chunk`, raw: chunked(`1\r\n!\r\n${size}\r\nhello\r\n0\r\n\r\n${CANARY}`), want: 'reject' })),
  ...ODD_SIZES.map((size): FramingCase => ({ id: `odd size line ${JSON.stringify(size.slice(0, 40))} (${size.length})`, raw: chunked(`${size}\r\nhello\r\n0\r\n\r\n`), want: 'reject_or_clean', body: 'hello' })),
  ...BAD_DATA_ENDS.map((end): FramingCase => ({ id: `data ended by ${JSON.stringify(end)}`, raw: chunked(`5\r\nhello${end}0\r\n\r\n${CANARY}`), want: 'reject' })),
  ...BAD_BODY_ENDS.map((end): FramingCase => ({ id: `body ended by ${JSON.stringify(end)}`, raw: chunked(`5\r\nhello\r\n${end}${CANARY}`), want: 'reject' })),
  ...ODD_BODY_ENDS.map((end): FramingCase => ({ id: `odd end ${JSON.stringify(end)}`, raw: chunked(`5\r\nhello\r\n${end}`), want: 'reject_or_clean', body: 'hello' })),
  ...BAD_TRAILERS.map((trailer): FramingCase => ({ id: `trailer ${JSON.stringify(trailer)}`, raw: chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n${CANARY}`), want: 'reject' })),
  ...RULING.map((trailer): FramingCase => ({ id: `trailer ${trailer}`, raw: chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`), want: 'reject_or_clean', body: 'hello' })),
  { id: 'body ended by LF alone where bytes follow', raw: chunked(`5\nhello\n0\n\n${CANARY}`), want: 'reject' },
  { id: '200 trailers', raw: chunked(`0\r\n${'X-T: 1\r\n'.repeat(200)}\r\n`), want: 'reject_or_clean' },
  { id: 'trailers of 1 MiB', raw: chunked(`0\r\n${`X-T: ${'t'.repeat(1000)}\r\n`.repeat(1000)}\r\n`), want: 'reject' },
  { id: 'a trailer line without end', raw: chunked(`0\r\nX-T: ${'t'.repeat(300_000)}`), want: 'reject' },
  { id: 'a size line without end', raw: chunked('0'.repeat(300_000)), want: 'reject' },
  { id: '10,000 chunks of one byte', raw: chunked(`${'1\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`), want: 'accept', body: 'x'.repeat(10_000) },
  { id: '300 chunks of one byte with extensions of 250', raw: chunked(`${`1;${'e'.repeat(250)}\r\nx\r\n`.repeat(300)}0\r\n\r\n`), want: 'reject' },
  { id: '10,000 chunks of one byte with twelve digits', raw: chunked(`${'000000000001\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`), want: 'reject' },
  { id: '40,000 chunks of one byte', raw: chunked(`${'1\r\nx\r\n'.repeat(40_000)}0\r\n\r\n`), want: 'accept', body: 'x'.repeat(40_000) },
  { id: 'chunks of all sizes up to 300', raw: chunked(`${Array.from({ length: 300 }, (_none, i) => `${(i + 1).toString(16)}\r\n${'y'.repeat(i + 1)}\r\n`).join('')}0\r\n\r\n`), want: 'accept' },
  { id: 'upper case hex', raw: chunked(`1F\r\n${'z'.repeat(31)}\r\n0\r\n\r\n`), want: 'accept' },
  { id: 'a body that looks like its own end', raw: chunked('7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n'), want: 'accept' },
  { id: 'empty body', raw: chunked('0\r\n\r\n'), want: 'accept' },
]
