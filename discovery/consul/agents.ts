// The agents of one configured Consul: their clients, the token, and what every question to them has in common.
import type { Platform } from '../../src/model/platform.ts'
import type { Capabilities } from '../adapter.ts'
import { askOne, createAddresses, type Addresses } from '../addresses.ts'
import { createConsulClient, type Call, type ConsulClient, type ReadOptions } from './client.ts'
import { askContact, contactIn, isStreamed, type Contacts } from './contact.ts'
import { consulOptions, type ConsulOptions } from './options.ts'
import { beginningOf, later, typeOf, type HttpAnswer } from '../http.ts'
import { outOfContact } from '../out-of-contact.ts'
import type { Ask, Trouble } from '../reading.ts'
import { createSecret } from '../secret.ts'
import { saidBy } from '../text.ts'

export interface Agents {
  readonly options: ConsulOptions
  readonly platform: Platform
  /** The token, as it is now; rejects when its file has none. */
  readonly token: () => Promise<string | undefined>
  readonly addresses: Addresses
  readonly clients: Map<string, ConsulClient>
  readonly contacts: Contacts
}

/** One question to one agent: `call` is for the client's `ctx`. */
export interface Question {
  readonly client: ConsulClient
  readonly address: string
  readonly token: string | undefined
  readonly call: Call
  readonly purpose: Ask['purpose']
  /** Options of every read. */
  readonly options: ReadOptions
}

/** Reads the options of a registry. Throws a ZodError, or an Error when a capability is missing. */
export function createAgents(name: string, written: unknown, platform: Platform, capabilities: Capabilities): Agents {
  const options = consulOptions.parse(written)
  const token = createSecret(name, { name: 'token', written: options.token, file: options.tokenFile, most: 4096 }, capabilities.files)
  return { options, platform, token, addresses: createAddresses(options.address), clients: new Map(), contacts: new Map() }
}

/** Asks an agent, another one when the last failed, and the leader when the index went back. Rejects when there is no token to ask with. */
export async function askAgents<R extends { readonly kind: string; readonly token?: string }>(
  agents: Agents,
  ask: Pick<Ask, 'purpose' | 'token' | 'seen' | 'wait'> & { readonly headers?: Readonly<Record<string, string>> },
  signal: AbortSignal,
  question: (question: Question) => Promise<R | Trouble>,
): Promise<R | Trouble> {
  const token = await agents.token()
  return askOne<R | Trouble>({ platform: agents.platform, addresses: agents.addresses, confirm: ask.purpose === 'confirm', signal }, async (address, own) => {
    const once = (asked: typeof ask): Promise<R | Trouble> => askOnce(agents, address, asked, token, own, question)
    const reading = await once(ask)
    if (!('token' in reading) || !isBehind(reading.token, ask)) return reading
    // The index went back: the server lags, or the state was restored or rebuilt, and our index would not wake us for anything new. Start over, with the leader.
    return once({ purpose: 'confirm', wait: 0, ...(ask.headers === undefined ? {} : { headers: ask.headers }) })
  })
}

async function askOnce<R extends { readonly kind: string; readonly token?: string }>(agents: Agents, address: string, ask: Parameters<typeof askAgents>[1], token: string | undefined, signal: AbortSignal, question: (question: Question) => Promise<R | Trouble>): Promise<R | Trouble> {
  const { datacenter, partition, namespace } = agents.options
  const call: Call = { signal, headers: { ...(namespace === undefined ? {} : { 'x-consul-namespace': namespace }), ...ask.headers } }
  const options: ReadOptions = {
    ...(datacenter === undefined ? {} : { dc: datacenter }),
    ...(partition === undefined ? {} : { partition }),
    ...(token === undefined ? {} : { token }),
    // Any server may answer the steady watch, also one that lost its leader; what is suspicious is asked of the leader.
    ...(ask.purpose === 'confirm' ? {} : { stale: true }),
    ...(ask.purpose === 'follow' && ask.token !== undefined ? { index: ask.token, wait: `${Math.round(ask.wait)}ms` } : {}),
    ctx: call,
  }
  try {
    const client = clientOf(agents, address)
    const reading = await question({ client, address, token, call, purpose: ask.purpose, options })
    // A server without a leader hears of no change, so it is asked only where nothing changed.
    if (ask.purpose !== 'follow' || !('token' in reading) || reading.token !== ask.token || !isStreamed(call.answer)) return reading
    return outOfContact(`${address}: the Consul server`, await askContact(agents.contacts, agents.platform, { address, client, options })) ?? reading
  } catch (error) {
    return refused(error, call.answer, address)
  }
}

/** Why a whole answer that looks like one must not be believed; undefined when it may. `empty` says that it lists nothing. */
export function distrust({ call, address, token }: Question, empty: boolean, what: string): Trouble | undefined {
  const { answer } = call
  if (answer === undefined) return { kind: 'failed', message: `${address}: no answer` }
  if (empty && isFiltered(answer)) return { kind: 'denied', message: `${address}: the token may not read ${what}; it needs service:read and node:read` }
  if (empty && token === undefined && answer.headers.get('x-consul-default-acl-policy') === 'deny') {
    return { kind: 'denied', message: `${address}: Consul denies by default and no token is configured; give one in token or tokenFile` }
  }
  return outOfContact(`${address}: the Consul server`, contactIn(answer))
}

/** An answer of another form than was asked for. */
export function malformed({ call, address }: Question, wanted: string): Trouble {
  return { kind: 'failed', message: `${address}: the answer is no JSON ${wanted} but ${typeOf(call.answer?.headers)}; is this a Consul agent?` }
}

/** Whether rows were left out for lack of rights. */
export function isFiltered(answer: HttpAnswer): boolean {
  return answer.headers.get('x-consul-results-filtered-by-acls') === 'true'
}

/** Never from an answer other than 2xx: a 500 without leader carries `X-Consul-Index: 1`. An index of 0 would not block. */
export function indexOf(answer: HttpAnswer): string | undefined {
  const index = answer.headers.get('x-consul-index') ?? ''
  return /^\d{1,20}$/.test(index) && BigInt(index) > 0n ? index : undefined
}

function isBehind(index: string | undefined, { purpose, seen }: Pick<Ask, 'purpose' | 'seen'>): boolean {
  return purpose !== 'confirm' && seen !== undefined && index !== undefined && BigInt(index) < BigInt(seen)
}

function refused(error: unknown, answer: HttpAnswer | undefined, address: string): Trouble {
  const said = saidBy(error)
  if (answer === undefined) return { kind: 'failed', message: said.replace(/^(consul: )?([a-z.]+: )?/, '') }
  const message = `${address}: ${answer.status} ${beginningOf(answer.body)}`.trim()
  if (answer.status === 401 || answer.status === 403) return { kind: 'denied', message: `${message}; check the token`, ...later(answer.headers) }
  const text = answer.status >= 200 && answer.status < 300 ? `${address}: ${said}` : message
  return { kind: 'failed', message: text, ...later(answer.headers) }
}

function clientOf(agents: Agents, address: string): ConsulClient {
  const known = agents.clients.get(address)
  if (known !== undefined) return known
  const client = createConsulClient(address, agents.platform, agents.options.tls)
  agents.clients.set(address, client)
  return client
}
