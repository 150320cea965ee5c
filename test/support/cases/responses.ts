// Forms of upstream responses: status lines, framing fields, chunks, bodies where none may be, bytes after the end, interim ones.

export interface AnswerCase {
  readonly id: string
  readonly raw: string
  /** `pass`: the client gets status and body. `refuse`: 502. `refuse_or_pass`. `cut`: 502, or the client can tell that it was cut. */
  readonly want: 'pass' | 'refuse' | 'refuse_or_pass' | 'cut'
  readonly method?: string
  readonly status?: number
  readonly body?: string
  /** What the origin does after these bytes. Default `keep`. */
  readonly next?: 'keep' | 'end' | 'reset'
  /** Interim statuses that may reach the client. */
  readonly interim?: readonly number[]
}

/** A response that belongs to nobody. */
const EVIL = 'HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nevil'
const ok = (fields: string, body = 'ok'): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`
const chunked = (body: string): string => ok('Transfer-Encoding: chunked\r\n', body)

const BAD_STATUS_LINES = ['', 'HTTP/1.1', 'HTTP/1.1 ', 'HTTP/1.1 2', 'HTTP/1.1 20', 'HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 042 OK', 'HTTP/1.1 000 OK', 'HTTP/1.1 099 OK', 'HTTP/1.1 -20 OK', 'HTTP/1.1 +200 OK', 'HTTP/1.1 2x0 OK', 'HTTP/1.1 0xC8 OK', 'HTTP/1.1 abc OK', 'HTTP/1.1  200 OK', 'HTTP/1.1\t200 OK', ' HTTP/1.1 200 OK', 'http/1.1 200 OK', 'HTTP/2.0 200 OK', 'HTTP/3.0 200 OK', 'HTTP/0.9 200 OK', 'HTTP/1 200 OK', 'HTTP/1.10 200 OK', 'HTTP/01.1 200 OK', 'HTTP 200 OK', 'HTTPS/1.1 200 OK', 'ICY 200 OK', '200 OK', 'GET / HTTP/1.1', 'HTTP/1.1 200 O\0K', 'HTTP/1.1 200 O\rK', 'HTTP/1.1 200OK']
const BAD_LENGTHS = ['', '+2', '-2', '2.0', '2,2', '2, 3', '2 2', '0x2', '2;', '"2"', '1e1', 'two', '9007199254740993', '18446744073709551618', '2\0', '\xb2']
const BAD_CODINGS = ['', 'identity', 'gzip', 'chunked, gzip', 'chunked, chunked', 'chunked,', ',chunked', '"chunked"', 'chunked;a', 'xchunked', 'chunked\x0b', '\x0bchunked', 'chunked\0']
const BAD_FIELDS = [' X: y', 'X : y', 'X\t: y', ': y', 'no colon', 'X\0: y', 'X(: y', 'X: a\0b', 'X: a\rb', 'X: a\nX-Evil: 1', 'X: y\r\n folded', '\x85X: y', 'Content-Length : 2', 'Transfer-Encoding : chunked', 'Content Length: 2']
const BAD_CHUNKS = ['+2\r\nok\r\n0\r\n\r\n', '-2\r\nok\r\n0\r\n\r\n', '0x2\r\nok\r\n0\r\n\r\n', ' 2\r\nok\r\n0\r\n\r\n', '2zz\r\nok\r\n0\r\n\r\n', '\r\nok\r\n0\r\n\r\n', '2\nok\r\n0\r\n\r\n', '2\r\nokXX0\r\n\r\n', '2\r\nok0\r\n\r\n', '2\r\nok\n0\r\n\r\n', '2\r\nok\r\n0\n\r\n', '2\r\nok\r\n0\r\nX\r\n\r\n', '2\r\nok\r\n0\r\n X: y\r\n\r\n', 'FFFFFFFFFFFFFFFF\r\nok\r\n0\r\n\r\n', '20000000000000\r\nok\r\n0\r\n\r\n', '2;\0\r\nok\r\n0\r\n\r\n']
const NO_BODY: readonly (readonly [string, string | undefined, number])[] = [
  ['HTTP/1.1 204 No Content', undefined, 204],
  ['HTTP/1.1 304 Not Modified', undefined, 304],
  ['HTTP/1.1 200 OK', 'HEAD', 200],
  ['HTTP/1.1 404 Not Found', 'HEAD', 404],
]
const NO_BODY_FIELDS = ['', 'Content-Length: 4\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 9999999\r\n']
const INTERIM = (status: number, fields = ''): string => `HTTP/1.1 ${status} Interim\r\n${fields}\r\n`

const withoutBody = NO_BODY.flatMap(([line, method, status]) =>
  NO_BODY_FIELDS.flatMap((fields): AnswerCase[] => {
    const plain = { raw: `${line}\r\n${fields}\r\n`, status, body: '', ...(method === undefined ? {} : { method }) }
    const name = `${method ?? ''} ${line.slice(9)}, ${JSON.stringify(fields)}`
    return [
      // A length on 204 and a coding on 204 are against the rules (RFC 9110, 8.6; RFC 9112, 6.1): refused or made right.
      { ...plain, id: name, want: status === 204 && fields !== '' ? 'refuse_or_pass' : 'pass' },
      { ...plain, id: `${name}, then bytes`, raw: `${plain.raw}${EVIL}`, want: 'refuse_or_pass' },
    ]
  }),
)

export const answers: AnswerCase[] = [
  ...BAD_STATUS_LINES.map((line): AnswerCase => ({ id: `status line ${JSON.stringify(line)}`, raw: `${line}\r\nContent-Length: 2\r\n\r\nok`, want: 'refuse' })),
  ...BAD_LENGTHS.map((value): AnswerCase => ({ id: `Content-Length: ${value}`, raw: ok(`Content-Length: ${value}\r\n`, `ok${EVIL}`), want: 'refuse' })),
  ...BAD_CODINGS.map((value): AnswerCase => ({ id: `Transfer-Encoding: ${value}`, raw: ok(`Transfer-Encoding: ${value}\r\n`, `2\r\nok\r\n0\r\n\r\n`), want: 'refuse' })),
  ...BAD_CODINGS.map((value): AnswerCase => ({ id: `Transfer-Encoding: ${value}, and a length`, raw: ok(`Content-Length: 2\r\nTransfer-Encoding: ${value}\r\n`), want: 'refuse' })),
  ...BAD_FIELDS.map((field): AnswerCase => ({ id: `field ${JSON.stringify(field)}`, raw: ok(`Content-Length: 2\r\n${field}\r\n`), want: 'refuse' })),
  ...BAD_CHUNKS.map((body): AnswerCase => ({ id: `chunks ${JSON.stringify(body)}`, raw: chunked(body), want: 'cut' })),
  ...['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok'].map((raw): AnswerCase => ({ id: `two lengths ${raw.indexOf('3')}`, raw, want: 'refuse' })),
  { id: 'no reason', raw: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', want: 'pass' },
  { id: 'neither reason nor space', raw: 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', want: 'refuse_or_pass' },
  { id: 'obs-text in the reason', raw: 'HTTP/1.1 200 \xc3\x96K\r\nContent-Length: 2\r\n\r\nok', want: 'pass' },
  { id: 'HTTP/1.0 with a length', raw: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', want: 'pass' },
  { id: 'HTTP/1.0 until its end', raw: 'HTTP/1.0 200 OK\r\n\r\nok', want: 'pass', next: 'end' },
  { id: 'no framing, until its end', raw: ok(''), want: 'pass', next: 'end' },
  { id: 'no framing, empty', raw: ok('', ''), want: 'pass', body: '', next: 'end' },
  { id: 'no framing, reset', raw: ok(''), want: 'cut', next: 'reset' },
  { id: 'length, too short', raw: ok('Content-Length: 9\r\n'), want: 'cut', next: 'end' },
  { id: 'chunked, without its end', raw: chunked('2\r\nok\r\n'), want: 'cut', next: 'end' },
  { id: 'chunked, cut in a size', raw: chunked('2\r\nok\r\n1'), want: 'cut', next: 'end' },
  { id: 'chunked, cut in its trailers', raw: chunked('2\r\nok\r\n0\r\nX-T: 1\r\n'), want: 'cut', next: 'end' },
  { id: 'head, cut', raw: 'HTTP/1.1 200 OK\r\nContent-Le', want: 'refuse', next: 'end' },
  { id: 'nothing, then its end', raw: '', want: 'refuse', next: 'end' },
  { id: 'nothing, then a reset', raw: '', want: 'refuse', next: 'reset' },
  { id: 'more than its length', raw: `${ok('Content-Length: 2\r\n')}${EVIL}`, want: 'pass' },
  { id: 'more after the last chunk', raw: `${chunked('2\r\nok\r\n0\r\n\r\n')}${EVIL}`, want: 'pass' },
  { id: 'one byte too many', raw: `${ok('Content-Length: 2\r\n')}!`, want: 'pass' },
  { id: 'CRLF after its length', raw: `${ok('Content-Length: 2\r\n')}\r\n`, want: 'pass' },
  { id: 'a body that looks like a response', raw: ok(`Content-Length: ${EVIL.length}\r\n`, EVIL), want: 'pass', body: EVIL },
  { id: '100', raw: INTERIM(100) + ok('Content-Length: 2\r\n'), want: 'pass', interim: [100] },
  { id: '102', raw: INTERIM(102) + ok('Content-Length: 2\r\n'), want: 'pass', interim: [102] },
  { id: '103 with a link', raw: INTERIM(103, 'Link: </x>\r\n') + ok('Content-Length: 2\r\n'), want: 'pass', interim: [103] },
  { id: '100, 102 and 103', raw: INTERIM(100) + INTERIM(102) + INTERIM(103) + ok('Content-Length: 2\r\n'), want: 'pass', interim: [100, 102, 103] },
  { id: '199', raw: INTERIM(199) + ok('Content-Length: 2\r\n'), want: 'pass', interim: [199] },
  { id: '103 with a length', raw: INTERIM(103, 'Content-Length: 5\r\n') + ok('Content-Length: 2\r\n'), want: 'refuse_or_pass', interim: [103] },
  { id: '103 with a coding', raw: INTERIM(103, 'Transfer-Encoding: chunked\r\n') + ok('Content-Length: 2\r\n'), want: 'refuse_or_pass', interim: [103] },
  { id: '103 with hop-by-hop fields', raw: INTERIM(103, 'Connection: close, X-Hop\r\nX-Hop: 1\r\n') + ok('Content-Length: 2\r\n'), want: 'refuse_or_pass', interim: [103] },
  { id: '101 nobody asked for', raw: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${EVIL}`, want: 'refuse' },
  { id: '100 without end', raw: INTERIM(100).repeat(5000), want: 'refuse' },
  { id: '100, then its end', raw: INTERIM(100), want: 'refuse', next: 'end' },
  { id: 'a head of 1 MiB', raw: ok(`X-A: ${'a'.repeat(1000)}\r\n`.repeat(1000)), want: 'refuse' },
  { id: 'a status line without end', raw: `HTTP/1.1 200 ${'a'.repeat(300_000)}`, want: 'refuse' },
  { id: '205 with a body', raw: 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok', want: 'refuse_or_pass', status: 205 },
  ...withoutBody,
]
