// One bounded HTTP exchange with a registry, and its failures in words for people.
import type { UpstreamTlsConfig } from '../src/model/service-config.ts'
import type { Platform } from '../src/model/platform.ts'
import type { Trouble } from './reading.ts'
import { printable } from './text.ts'

/** Most bytes of one answer, after decompression. */
const MAX_ANSWER = 32 * 2 ** 20

/** What is asked. */
export interface HttpQuestion {
  readonly url: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly tls?: UpstreamTlsConfig | undefined
  /** Unix socket to connect to in place of the URL's host. */
  readonly socketPath?: string | undefined
  /** Default `MAX_ANSWER`. */
  readonly maxBytes?: number
}

/** A whole answer. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Why an answer was not read: it is the cause of the error that `ask` rejects with. */
export class TooLong extends Error {}

/** Asks once and reads the answer whole. Redirects are not followed: they would carry tokens elsewhere. Rejects with an error whose message says what failed. */
export async function ask(platform: Platform, question: HttpQuestion): Promise<HttpAnswer> {
  return inWords(question, async () => {
    const response = await send(platform, question)
    const body = await readBody(response, question.maxBytes ?? MAX_ANSWER)
    return { status: response.status, headers: response.headers, body }
  })
}

/** Like `ask`, for an answer without end: gives it once its head is there. Its body ends when the signal is aborted. */
export async function open(platform: Platform, question: HttpQuestion): Promise<Response> {
  return inWords(question, () => send(platform, question))
}

function send(platform: Platform, { url, method = 'GET', headers, signal, tls, socketPath }: HttpQuestion): Promise<Response> {
  return platform.fetch(url, { method, headers: { ...headers }, signal, redirect: 'manual', ...(tls === undefined ? {} : { tls }), ...(socketPath === undefined ? {} : { socketPath }) })
}

async function inWords<T>({ url, socketPath }: HttpQuestion, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new Error(`${socketPath === undefined ? new URL(url).origin : `unix:${socketPath}`}: ${explain(error)}`, { cause: error })
  }
}

/** How long to wait, as `Trouble` carries it: a Retry-After in seconds. None of a date, since no decision depends on a registry's clock. */
export function later(headers: Headers | undefined): Pick<Trouble, 'retryAfter'> {
  const seconds = headers?.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(seconds) ? { retryAfter: Number(seconds) * 1000 } : {}
}

/** How a body begins, for a message. */
export function beginningOf(body: Uint8Array): string {
  return printable(new TextDecoder().decode(body.subarray(0, 200))).trim()
}

/** The type of a body that is not the one that was wanted, for a message. */
export function typeOf(headers: Headers | undefined): string {
  return printable(headers?.get('content-type') ?? 'of no type')
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return joined(chunks, size)
    chunks.push(value)
    size += value.byteLength
    if (size <= maxBytes) continue
    await reader.cancel()
    throw new TooLong(`the answer is longer than ${maxBytes / 2 ** 20} MiB and was refused`)
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const first = chunks[0]
  if (first !== undefined && chunks.length === 1) return first
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; nothing listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'this process may not connect there',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
  CERT_HAS_EXPIRED: 'tls: the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls: the certificate is self-signed; give its authority in tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls: the certificate’s authority is not trusted; give it in tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls: the certificate’s authority is not trusted; give it in tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls: the certificate’s authority is not trusted; give it in tls.ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls: the certificate is for another name; tls.serverName says which to expect',
}

// fetch says "fetch failed" and keeps the reason in its cause, sometimes in a list of one for each address.
function explain(error: unknown): string {
  if (!(error instanceof Error)) return printable(String(error))
  const inner = error.cause instanceof AggregateError ? (error.cause.errors[0] as unknown) : error.cause
  const code = codeOf(inner) ?? codeOf(error)
  const words = code === undefined ? undefined : WORDS[code]
  return words ?? printable(inner instanceof Error ? `${error.message}: ${inner.message}` : error.message)
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  // Of a certificate's file the system's own words say which one it is.
  const ofFile = (error.code === 'ENOENT' || error.code === 'EACCES') && (!('syscall' in error) || error.syscall !== 'connect')
  return ofFile ? undefined : error.code
}
