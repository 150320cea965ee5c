// What follows a request on the same connection: legal requests, refused ones, upgrades that are not accepted, bodies nobody waited for.
import { CANARY, type FramingCase } from '../framing.ts'

const GOOD = 'GET /raw/a HTTP/1.1\r\nHost: lab.test\r\n\r\n'
const POST = 'POST /raw/b HTTP/1.1\r\nHost: lab.test\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED = 'POST /raw/c HTTP/1.1\r\nHost: lab.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
const HEAD = 'HEAD /raw/d HTTP/1.1\r\nHost: lab.test\r\n\r\n'
const OPTIONS = 'OPTIONS /raw/e HTTP/1.1\r\nHost: lab.test\r\n\r\n'
const LEGAL = { GOOD, POST, CHUNKED, HEAD, OPTIONS }

/** Requests whose end nobody can be sure of, or that nobody should go on after. */
const REFUSED: Readonly<Record<string, string>> = {
  'two framings': 'POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two lengths': 'POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello',
  'bad length': 'POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nContent-Length: five\r\n\r\nhello',
  'unknown coding': 'POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n',
  'bad chunk': 'POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n',
  'space before colon': 'GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nX-A : 1\r\n\r\n',
  'folded line': 'GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nX-A: 1\r\n 2\r\n\r\n',
  'bare LF': 'GET /raw/x HTTP/1.1\r\nHost: lab.test\nX-A: 1\r\n\r\n',
  'two Hosts': 'GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nHost: lab.test\r\n\r\n',
  'no Host': 'GET /raw/x HTTP/1.1\r\n\r\n',
  'no version': 'GET /raw/x\r\n\r\n',
  preface: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  CONNECT: 'CONNECT lab.test:443 HTTP/1.1\r\nHost: lab.test\r\n\r\n',
  'unknown expectation': 'POST /raw/x HTTP/1.1\r\nHost: lab.test\r\nExpect: the-unexpected\r\nContent-Length: 5\r\n\r\nhello',
}

const CLOSING = 'GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nConnection: close\r\n\r\n'

export const flows: FramingCase[] = [
  ...Object.entries(LEGAL).flatMap(([first, a]) => Object.entries(LEGAL).map(([second, b]): FramingCase => ({ id: `${first} then ${second}`, raw: a + b, want: 'accept', max: 2 }))),
  { id: 'all kinds three times', raw: Object.values(LEGAL).join('').repeat(3), want: 'accept', max: 15 },
  ...Object.entries(REFUSED).map(([name, text]): FramingCase => ({ id: `${name}, then the canary`, raw: text + CANARY, want: 'reject' })),
  ...Object.entries(REFUSED).map(([name, text]): FramingCase => ({ id: `a legal one, ${name}, then the canary`, raw: GOOD + text + CANARY, want: 'reject', before: 1 })),
  ...Object.entries(REFUSED).map(([name, text]): FramingCase => ({ id: `a chunked one, ${name}, then the canary`, raw: CHUNKED + text + CANARY, want: 'reject', before: 1 })),
  { id: 'Connection: close, then the canary', raw: CLOSING + CANARY, want: 'reject', before: 1 },
  { id: 'HTTP/1.0, then the canary', raw: `GET /raw/x HTTP/1.0\r\nHost: lab.test\r\n\r\n${CANARY}`, want: 'reject', before: 1 },
  { id: 'CRLF between two requests', raw: `${GOOD}\r\n${GOOD}`, want: 'accept', max: 2 },
  { id: 'CRLF after a body', raw: `${POST}\r\n${GOOD}`, want: 'accept', max: 2 },
  { id: 'LF between two requests', raw: `${GOOD}\n${GOOD}`, want: 'reject_or_clean', max: 2 },
  { id: 'a NUL after a body', raw: `${POST}\0${CANARY}`, want: 'reject', before: 1 },
  { id: 'a space after a body', raw: `${POST} ${CANARY}`, want: 'reject', before: 1 },
  { id: 'a second request without its end', raw: `${GOOD}GET /raw/x HTTP/1.1\r\nHost: lab.test\r\n`, want: 'reject', before: 1 },
  { id: 'Expect with its body at once', raw: POST.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'), want: 'accept' },
  { id: 'Expect in capitals', raw: POST.replace('\r\n\r\n', '\r\nExpect: 100-CONTINUE\r\n\r\n'), want: 'accept' },
  { id: 'Expect without a body', raw: GOOD.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'), want: 'accept' },
  { id: 'Expect in HTTP/1.0', raw: POST.replace('1.1', '1.0').replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'), want: 'reject_or_clean' },
  { id: 'two expectations', raw: POST.replace('\r\n\r\n', '\r\nExpect: 100-continue, x\r\n\r\n'), want: 'reject_or_clean' },
  { id: 'Expect twice', raw: POST.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n'), want: 'reject_or_clean' },
  { id: 'h2c upgrade, then the canary', raw: `GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n${CANARY}`, want: 'reject_or_clean', max: 2 },
]
