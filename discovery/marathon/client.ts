// One question to Marathon's HTTP API: credentials, redirects to the leader, and what its answers mean.
import type { Platform } from '../../src/model/platform.ts'
import type { Capabilities } from '../adapter.ts'
import { askOne, createAddresses, speaksAgainst } from '../addresses.ts'
import { ask, later, open, TooLong, typeOf, type HttpAnswer } from '../http.ts'
import { parseJson } from '../json.ts'
import { allowHosts, followLeader } from './leader.ts'
import type { MarathonOptions } from './options.ts'
import type { Trouble } from '../reading.ts'
import { createSecret } from '../secret.ts'
import { printable, saidBy } from '../text.ts'

/** A whole answer as JSON, that what was asked for does not exist, or trouble; `place` names the Marathon. */
export type Answer =
  | { readonly kind: 'got'; readonly value: unknown; readonly bytes: number; readonly place: string }
  | { readonly kind: 'not-found'; readonly message: string }
  | { readonly kind: 'too-long'; readonly message: string }
  | Trouble

/** A Marathon, or several nodes of one. */
export interface MarathonClient {
  /** Asks once, with `confirm` another node first than the one in use. Never rejects. */
  get(path: string, confirm: boolean, signal: AbortSignal): Promise<Answer>
  /** Opens the event stream. Rejects with an error whose message says what failed. */
  events(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
}

/** Makes a client of a registry's options. Throws when they contradict each other or need files that the runtime has not. */
export function createMarathonClient(registry: string, options: MarathonOptions, platform: Platform, capabilities: Capabilities): MarathonClient {
  const authorize = createAuthorization(registry, options, capabilities)
  const addresses = createAddresses(options.address)
  const allowed = allowHosts([options.address].flat(), options.leaders)
  const tls = options.tls
  const urlAt = (address: string, path: string): string => `${address.replace(/\/+$/, '')}${path}`

  async function get(address: string, path: string, signal: AbortSignal): Promise<Answer> {
    try {
      const headers = { accept: 'application/json', ...(await authorize()) }
      const answer = await followLeader(urlAt(address, path), allowed, (url) => ask(platform, { url, headers, signal, tls }), async () => {})
      return understand(answer, address)
    } catch (error) {
      const message = saidBy(error)
      return { kind: error instanceof Error && error.cause instanceof TooLong ? 'too-long' : 'failed', message }
    }
  }
  async function stream(address: string, path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    // Exactly this and nothing beside it: the server compares the whole header.
    const headers = { accept: 'text/event-stream', ...(await authorize()) }
    const response = await followLeader(urlAt(address, path), allowed, (url) => open(platform, { url, headers, signal, tls }), async (unused) => unused.body?.cancel())
    const type = response.headers.get('content-type') ?? ''
    if (response.ok && response.body !== null && /^text\/event-stream\b/.test(type)) return response.body
    await response.body?.cancel()
    throw new Error(`${address}: ${response.ok ? `the answer is no event stream but ${printable(type)}` : `${response.status} to ${path.replace(/\?.*/, '')}`}`)
  }
  return {
    get: (path, confirm, signal) => askOne({ platform, addresses, confirm, signal }, (address, own) => get(address, path, own)),
    async events(path, signal) {
      const address = addresses.pick(false)
      try {
        return await stream(address, path, signal)
      } catch (error) {
        // Also when it is no leader and its redirect may not be followed: another node may be.
        if (speaksAgainst(signal)) addresses.failed(address)
        throw error
      }
    },
  }
}

function createAuthorization(registry: string, { username, password, passwordFile, token, tokenFile }: MarathonOptions, { files }: Capabilities): () => Promise<Readonly<Record<string, string>>> {
  const basic = username !== undefined
  if (!basic && (password !== undefined || passwordFile !== undefined)) throw new Error(`registry ${registry}: a password needs a username`)
  if (basic && (token !== undefined || tokenFile !== undefined)) throw new Error(`registry ${registry}: give either username and password or a token, not both`)
  const place = basic ? ({ name: 'password', written: password ?? '', file: passwordFile } as const) : ({ name: 'token', written: token, file: tokenFile } as const)
  const secret = createSecret(registry, { ...place, most: 16_384 }, files)
  return async () => {
    const known = await secret()
    if (known === undefined) return {}
    return { authorization: basic ? `Basic ${base64(`${username}:${known}`)}` : `token=${known}` }
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function understand({ status, headers, body }: HttpAnswer, place: string): Answer {
  if (status === 401 || status === 403) return { kind: 'denied', message: `${place}: ${status} ${said(body)}; check ${status === 401 ? 'username and password, or the token' : 'what this user may view'}`, ...later(headers) }
  // Only Marathon's own word: a proxy or a wrong path says 404 as well.
  if (status === 404 && /does not exist/i.test(messageIn(parse(body)) ?? '')) return { kind: 'not-found', message: `${place}: ${said(body)}` }
  if (status < 200 || status > 299) return { kind: 'failed', message: `${place}: ${status} ${said(body)}`.trim(), ...later(headers) }
  const value = parse(body)
  if (value !== undefined) return { kind: 'got', value, bytes: body.byteLength, place }
  return { kind: 'failed', message: `${place}: the answer is no JSON but ${typeOf(headers)}; is this a Marathon?` }
}

function parse(body: Uint8Array): unknown {
  return parseJson(new TextDecoder().decode(body))
}

// Its own errors are JSON; those of its web server are pages.
function said(body: Uint8Array): string {
  if (body.byteLength > 4096) return ''
  const text = messageIn(parse(body)) ?? new TextDecoder().decode(body).replace(/<(style|script)[^]*?<\/\1>|<[^>]*>/gi, ' ')
  return printable(text.replace(/\s+/g, ' ').trim())
}

function messageIn(value: unknown): string | undefined {
  const message: unknown = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined
  return typeof message === 'string' ? message : undefined
}
