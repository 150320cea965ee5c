// The three services of the demo, in the manner of the classic mesh demo: words gives a word, capitalizer capitalises what it
// gets, simon says it by calling both through the gateway.
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf } from '../../src/model/error.ts'

const WORDS = ['anchor', 'breeze', 'compass', 'dolphin', 'ebb', 'fathom', 'galley', 'harbour', 'island', 'jetty', 'keel', 'lantern', 'mast', 'narwhal', 'oar', 'pearl']
/** Of a hundred requests to a failing words service, so many get 503. */
const FAILING = 10
const BODY_LIMIT = 64 * 1024
/** What simon passes on, so that header routes and traces reach across services. */
const PASSED_ON = ['x-user', 'x-request-id']

/** `version` is in every answer; a failing one answers 503 now and then. */
export function words(version: string, failing = false): RequestListener {
  let count = 0
  return (incoming, response) => {
    incoming.resume()
    count++
    if (failing && count % FAILING === 0) answer(response, 503, 'out of words for a moment\n')
    else answer(response, 200, `${WORDS[Math.floor(Math.random() * WORDS.length)] ?? 'word'} (words ${version})\n`)
  }
}

export const capitalizer: RequestListener = (incoming, response) => {
  read(incoming).then(
    (text) => answer(response, 200, text.toUpperCase()),
    (error: unknown) => answer(response, 413, `${String(error)}\n`),
  )
}

/** `gateway` is the port of the gateway on loopback. */
export function simon(gateway: number): RequestListener {
  return (incoming, response) => {
    incoming.resume()
    say(gateway, incoming.headers).then(
      (said) => answer(response, 200, `Simon says: ${said}\n`),
      (error: unknown) => answer(response, 502, `simon has nothing to say: ${messageOf(error)}\n`),
    )
  }
}

async function say(gateway: number, headers: IncomingHttpHeaders): Promise<string> {
  const line = (await call(gateway, 'words.local', 'GET', '/word', headers)).trim()
  const [word = '', ...from] = line.split(' ')
  const capitals = await call(gateway, 'capitalizer.local', 'POST', '/capitalize', headers, word)
  return [capitals, ...from].join(' ')
}

/** One call through the gateway, whose routes go by the host. */
function call(gateway: number, host: string, method: string, path: string, from: IncomingHttpHeaders, body = ''): Promise<string> {
  const headers: Record<string, string> = { host, 'content-type': 'text/plain', 'content-length': String(Buffer.byteLength(body)) }
  for (const name of PASSED_ON) {
    const value = from[name]
    if (typeof value === 'string') headers[name] = value
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: gateway, method, path, headers, timeout: 5000 }, (response) => {
      read(response).then((text) => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${host} answered ${response.statusCode}: ${text.trim()}`))), reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${host} did not answer within 5 s`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function read(message: IncomingMessage): Promise<string> {
  let text = ''
  message.setEncoding('utf8')
  for await (const chunk of message) {
    text += String(chunk)
    if (text.length > BODY_LIMIT) throw new Error('too long')
  }
  return text
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Starts a service on a free port of loopback. */
export async function listen(service: RequestListener): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(service)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}
