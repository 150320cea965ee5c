// One question to Nomad's HTTP API, at an agent's address or through the socket that Nomad gives to its tasks.
import type { Platform } from '../../src/model/platform.ts'
import type { Capabilities } from '../adapter.ts'
import { askOne, createAddresses } from '../addresses.ts'
import { ask, beginningOf, later, open, typeOf, type HttpAnswer, type HttpQuestion } from '../http.ts'
import type { NomadOptions } from './options.ts'
import type { Trouble } from '../reading.ts'
import { createSecret } from '../secret.ts'
import { saidBy } from '../text.ts'

/** Parameters of a question; undefined ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>

/** A whole answer as JSON; `place` names the agent. */
export interface Got {
  readonly kind: 'got'
  readonly value: unknown
  readonly headers: Headers
  readonly bytes: number
  readonly place: string
}

/**
 * Which agent to ask, where there are several. `any`: the one in use, and the next one from now on when it fails. `confirm`:
 * another one first. `aside`: the one in use, whose failure says nothing against it, since it only passes the question on to a client.
 */
type Choice = 'any' | 'confirm' | 'aside'

/** An agent, or several that stand for one another. */
export interface NomadClient {
  /** Asks once. Never rejects. */
  get(path: string, query: Query, choice: Choice, signal: AbortSignal): Promise<Got | Trouble>
  /** Opens an answer without end. Rejects with an error whose message says what failed. */
  stream(path: string, query: Query, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
}

/** Makes a client of a registry's options. Throws when they need files that the runtime has not. */
export function createNomadClient(registry: string, options: NomadOptions, platform: Platform, { files }: Capabilities): NomadClient {
  // Identities expire, and Nomad writes the next one into the same file.
  const readToken = createSecret(registry, { name: 'token', written: options.token, file: options.tokenFile, most: 16_384 }, files)
  const addresses = createAddresses(options.address)
  const question = async (address: string, path: string, query: Query, signal: AbortSignal): Promise<HttpQuestion> => {
    const token = await readToken()
    const headers = { 'user-agent': 'fairlead', ...(token === undefined ? {} : { 'x-nomad-token': token }) }
    return { ...locate(address, path, query), headers, signal, tls: options.tls }
  }
  const once = (address: string, path: string, query: Query, signal: AbortSignal): Promise<Got | Trouble> =>
    question(address, path, query, signal)
      .then((asked) => ask(platform, asked))
      .then((answer) => understand(answer, address), (error: unknown): Trouble => ({ kind: 'failed', message: saidBy(error) }))
  return {
    get(path, query, choice, signal) {
      if (choice === 'aside') return once(addresses.pick(false), path, query, signal)
      return askOne({ platform, addresses, confirm: choice === 'confirm', signal }, (address, own) => once(address, path, query, own))
    },
    async stream(path, query, signal) {
      const address = addresses.pick(false)
      const response = await open(platform, await question(address, path, query, signal))
      if (response.ok && response.body !== null) return response.body
      await response.body?.cancel()
      throw new Error(`${address}: ${response.status}`)
    },
  }
}

function understand({ status, headers, body }: HttpAnswer, place: string): Got | Trouble {
  if (status < 200 || status > 299) {
    const message = `${place}: ${status} ${beginningOf(body)}`.trim()
    return status === 401 || status === 403 ? { kind: 'denied', message: `${message}; check the token, which needs read-job in the namespace`, ...later(headers) } : { kind: 'failed', message, ...later(headers) }
  }
  try {
    return { kind: 'got', value: JSON.parse(new TextDecoder().decode(body)) as unknown, headers, bytes: body.byteLength, place }
  } catch {
    return { kind: 'failed', message: `${place}: the answer is no JSON but ${typeOf(headers)}; is this a Nomad agent?` }
  }
}

function locate(address: string, path: string, query: Query): Pick<HttpQuestion, 'url' | 'socketPath'> {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value)
  const search = parameters.size === 0 ? '' : `?${parameters.toString()}`
  // The host is only a name there: Nomad answers to any.
  if (address.startsWith('unix:')) return { url: `http://localhost${path}${search}`, socketPath: address.replace(/^unix:(\/\/(?=\/))?/, '') }
  return { url: `${address.replace(/\/+$/, '')}${path}${search}` }
}
