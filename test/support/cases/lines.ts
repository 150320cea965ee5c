// Forms of the request line and of Host.
import { CANARY, type FramingCase } from '../framing.ts'

const get = (target: string, host = 'lab.test'): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const line = (text: string): string => `${text}\r\nHost: lab.test\r\n\r\n`
const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

const BAD_TARGETS = ['', 'raw/x', '*', '?x', '#', '@evil.test/raw/x', '.evil.test/raw/x', ':80/raw/x', 'lab.test:80', 'lab.test', 'http:/raw/x', 'http:///raw/x', 'http://', 'http://:80/raw/x', 'http://user@lab.test/raw/x', 'http://user:pw@lab.test/raw/x', 'http://lab.test:x/raw/x', 'http://lab.test:99999/raw/x', 'http://[::1/raw/x', 'http://lab test/raw/x', 'http://lab.test\\evil.test/raw/x', 'ftp://lab.test/raw/x', 'file:///raw/x', 'javascript:x', '\\raw\\x', '/raw/x#y', '/raw/%', '/raw/%4', '/raw/%zz', '/raw/%u0041', '/raw/%00', '/raw/x%00.html']
const ODD_TARGETS = ['HTTP://lab.test/raw/x', 'https://lab.test/raw/x', 'http://lab.test', 'http://lab.test?raw', '//raw/x', '/raw//x', '/raw/<x>', '/raw/"x"', '/raw/{x}', '/raw/x|y', '/raw/x^y', '/raw/`x`', '/raw/x?a=%zz', '/raw/x?a=b?c', '/raw/x?#', '/raw/%0d%0aX:%20y', '/raw/x?%0d%0aX:%20y', '/./raw/x', '/raw/./x', '/raw/y/../x', '/../raw/x', '/raw/x/..', '/raw/%2e%2e/raw/x', '/raw/..%2fraw/x', '/raw\\x', '/raw/;a/x', '/raw/%7ex']
const TARGET_BYTES = [0x00, 0x01, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x7f, 0x80, 0x85, 0xa0, 0xff]

const BAD_LINES = ['GET /raw/x', 'GET', '', ' GET /raw/x HTTP/1.1', '\tGET /raw/x HTTP/1.1', 'GET\t/raw/x HTTP/1.1', 'GET /raw/x\tHTTP/1.1', 'GET  /raw/x HTTP/1.1', 'GET /raw/x  HTTP/1.1', 'GET /raw/x HTTP/1.1 ', 'GET /raw/x HTTP/1.1\t', 'GET /raw/x HTTP/1.1 x', 'GET /raw/x HTTP/1.1\r', 'GET /raw/x\rHTTP/1.1', 'GET\r/raw/x HTTP/1.1', 'GET /raw/x HTTP/1', 'GET /raw/x HTTP/1.', 'GET /raw/x HTTP/.1', 'GET /raw/x HTTP/11', 'GET /raw/x HTTP/1.10', 'GET /raw/x HTTP/01.1', 'GET /raw/x HTTP/0.9', 'GET /raw/x HTTP/2.0', 'GET /raw/x HTTP/2', 'GET /raw/x HTTP/9.9', 'GET /raw/x http/1.1', 'GET /raw/x Http/1.1', 'GET /raw/x HTTPS/1.1', 'GET /raw/x HTTP /1.1', 'GET /raw/x HTTP/ 1.1', 'GET /raw/x HTTP/1,1', 'GET /raw/x SIP/2.0', 'GET /raw/x ICY', 'G@T /raw/x HTTP/1.1', 'GE\0T /raw/x HTTP/1.1', 'GE(T /raw/x HTTP/1.1', 'G\xc9T /raw/x HTTP/1.1', '"GET" /raw/x HTTP/1.1', 'GET: /raw/x HTTP/1.1', ': /raw/x HTTP/1.1', '/raw/x HTTP/1.1', 'HTTP/1.1 200 OK', 'CONNECT lab.test:443 HTTP/1.1', 'CONNECT /raw/x HTTP/1.1', 'TRACE /raw/x HTTP/1.1', 'PRI * HTTP/2.0', '\x16\x03\x01\x02\x00', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2', '\r\r\n\nPROXY']
const ODD_LINES = ['GET /raw/x HTTP/1.2', 'get /raw/x HTTP/1.1', 'Get /raw/x HTTP/1.1', 'QUERY /raw/x HTTP/1.1', 'PATCH /raw/x HTTP/1.1', "M-SEARCH!#$%&'*+.^_`|~ /raw/x HTTP/1.1", 'OPTIONS * HTTP/1.1', 'OPTIONS /raw/x HTTP/1.1', 'DELETE /raw/x HTTP/1.1', '\r\nGET /raw/x HTTP/1.1', '\r\n\r\nGET /raw/x HTTP/1.1', '\nGET /raw/x HTTP/1.1']

const GOOD_HOSTS = ['lab.test', 'LAB.Test', 'lab.test.', 'lab.test:80', 'lab.test:8080', '127.0.0.1', '127.0.0.1:65535', '[::1]', '[::1]:8080', '[::FFFF:1.2.3.4]', 'xn--bcher-kva.test', 'a-b.lab.test', 'localhost']
const ODD_HOSTS = ['lab.test:', 'lab.test:080', 'a_b.test', 'lab..test', '.lab.test', '-lab.test', '%6cab.test', 'lab.test..', '0x7f.1', '2130706433', '[v1.x]', `${'a'.repeat(64)}.test`, `${'a.'.repeat(150)}test`]
const BAD_HOSTS = ['', 'a b', 'lab.test/', 'lab.test/x', '/', 'lab.test?x', '?', 'lab.test#', 'user@lab.test', 'user:pw@lab.test', '@', 'lab.test:80:80', 'lab.test:x', 'lab.test:-1', 'lab.test:+80', 'lab.test:0', 'lab.test:99999', 'lab.test:8 0', ':80', '[::1', '::1', '::1]', '[::1]x', '[zz]', '[]', '[::1%25lo]', '[1.2.3.4]', 'http://lab.test', 'lab.test,evil.test', 'lab.test, evil.test', 'lab.test evil.test', 'lab.test\tevil.test', 'lab.test\\evil', 'l\xc3\xa4b.test', 'lab.test\xa0', '<lab.test>', '{lab}', '"lab.test"', 'lab.test;a', 'lab|test', 'lab^test', '`lab`']
const BAD_HOST_GROUPS = ['Host: lab.test\r\nHost: lab.test', 'Host: lab.test\r\nHost: evil.test', 'Host: lab.test\r\nhost: lab.test', 'Host: lab.test\r\nX-A: 1\r\nHOST: evil.test', 'Host: lab.test\r\nHost: ', 'Host:\r\n lab.test', 'X-A: 1', 'Host lab.test', 'Host\r\n: lab.test']

export const lines: FramingCase[] = [
  ...BAD_TARGETS.map((target): FramingCase => ({ id: `target ${JSON.stringify(target)}`, raw: get(target) + CANARY, want: 'reject' })),
  ...ODD_TARGETS.map((target): FramingCase => ({ id: `odd target ${JSON.stringify(target)}`, raw: get(target), want: 'reject_or_clean' })),
  ...TARGET_BYTES.map((byte): FramingCase => ({ id: `byte ${hex(byte)} in the path`, raw: get(`/raw/x${String.fromCharCode(byte)}y`) + CANARY, want: 'reject' })),
  ...TARGET_BYTES.map((byte): FramingCase => ({ id: `byte ${hex(byte)} in the query`, raw: get(`/raw/x?q=${String.fromCharCode(byte)}y`) + CANARY, want: 'reject' })),
  ...BAD_LINES.map((text): FramingCase => ({ id: `line ${JSON.stringify(text)}`, raw: line(text) + CANARY, want: 'reject' })),
  ...ODD_LINES.map((text): FramingCase => ({ id: `odd line ${JSON.stringify(text)}`, raw: line(text), want: 'reject_or_clean' })),
  ...GOOD_HOSTS.map((host): FramingCase => ({ id: `Host ${host}`, raw: get('/raw/x', host), want: 'accept' })),
  ...ODD_HOSTS.map((host): FramingCase => ({ id: `odd Host ${host.slice(0, 40)}`, raw: get('/raw/x', host), want: 'reject_or_clean' })),
  ...BAD_HOSTS.map((host): FramingCase => ({ id: `Host ${JSON.stringify(host)}`, raw: get('/raw/x', host) + CANARY, want: 'reject' })),
  ...BAD_HOSTS.filter((host) => !/[/?#@\s]/.test(host)).map((host): FramingCase => ({ id: `authority ${JSON.stringify(host)}`, raw: get(`http://${host}/raw/x`) + CANARY, want: 'reject' })),
  ...BAD_HOST_GROUPS.map((group): FramingCase => ({ id: `fields ${JSON.stringify(group)}`, raw: `GET /raw/x HTTP/1.1\r\n${group}\r\n\r\n${CANARY}`, want: 'reject' })),
  { id: 'no Host in HTTP/1.0', raw: 'GET /raw/x HTTP/1.0\r\n\r\n', want: 'reject_or_clean' },
  { id: 'Host with HTTP/1.0', raw: 'GET /raw/x HTTP/1.0\r\nHost: lab.test\r\n\r\n', want: 'accept' },
  { id: 'absolute target', raw: get('http://lab.test/raw/x'), want: 'accept' },
  { id: 'line of 20 KiB', raw: get(`/raw/${'a'.repeat(20_000)}`), want: 'reject' },
  { id: 'line without end', raw: `GET /raw/${'a'.repeat(300_000)}`, want: 'reject' },
  { id: 'method without end', raw: 'A'.repeat(300_000), want: 'reject' },
  { id: 'field line without end', raw: `GET /raw/x HTTP/1.1\r\nHost: lab.test\r\nX-A: ${'a'.repeat(300_000)}`, want: 'reject' },
  { id: '5,000 fields', raw: `GET /raw/x HTTP/1.1\r\nHost: lab.test\r\n${'X-A: 1\r\n'.repeat(5000)}\r\n`, want: 'reject' },
  { id: 'empty lines without end', raw: '\r\n'.repeat(50_000), want: 'reject' },
]
