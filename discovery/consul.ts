// Consul as a source of endpoints: the health API of an agent, followed by blocking queries through the `consul` client.
import type { UpstreamTlsConfig } from '../src/model/config.ts'
import type { Rejection, ServiceRef } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import type { Adapter, Capabilities } from './adapter.ts'
import { createAddresses, type Addresses } from './addresses.ts'
import { printable } from './admit.ts'
import { createConsulClient, type Call, type ConsulClient, type HealthOptions } from './consul-client.ts'
import { readEntry } from './consul-entry.ts'
import { consulOptions, type ConsulOptions } from './consul-options.ts'
import { Late } from './deadline.ts'
import { createDiscoverer } from './discoverer.ts'
import { retryAfter, type HttpAnswer } from './http.ts'
import type { Ask, Instance, Reading } from './reading.ts'

/** A server that has had no contact with its leader for so long (milliseconds) may be cut off with old data. */
const MAX_LAST_CONTACT = 15_000

/** The Consul adapter. */
export const consul: Adapter = {
  type: 'consul',
  doc: 'Endpoints from the health API of a Consul agent, followed by blocking queries.',
  needs: ['fetch'],
  schema: consulOptions,
  ref: {
    example: 'consul/web?tag=v2',
    options: {
      tag: 'Only instances with this tag; several, separated by commas, must all be there.',
      dc: 'Datacenter to ask for.',
      filter: 'Filter expression of Consul, such as `Service.Meta.version == "2"` (percent-encoded).',
      ns: 'Namespace (Consul Enterprise).',
      partition: 'Admin partition (Consul Enterprise).',
    },
  },
  create(name, written, platform, capabilities = {}) {
    const options = consulOptions.parse(written)
    if (options.tokenFile !== undefined && capabilities.files === undefined) throw new Error(`registry ${name}: tokenFile needs files, which this runtime has not; use token`)
    const [first = '', ...others] = [options.address].flat()
    const agents: Agents = { options, capabilities, addresses: createAddresses([first, ...others]), clients: new Map(), platform }
    const read = (ask: Ask, signal: AbortSignal): Promise<Reading> => readService(agents, ask, signal)
    return createDiscoverer({ registry: name, needs: ['fetch'], read, changes: { kind: 'block', wait: options.wait } }, platform, options)
  },
}

interface Agents {
  readonly options: ConsulOptions
  readonly capabilities: Capabilities
  readonly platform: Platform
  readonly addresses: Addresses
  readonly clients: Map<string, ConsulClient>
}

async function readService(agents: Agents, ask: Ask, signal: AbortSignal): Promise<Reading> {
  const token = await readToken(agents)
  if (token.failed !== undefined) return { kind: 'failed', message: token.failed }
  const address = agents.addresses.pick(ask.purpose === 'confirm')
  const reading = await question(agents, address, ask, token.value, signal)
  // Not when the watch was stopped: that says nothing against the agent.
  if (reading.kind === 'failed' && (!signal.aborted || signal.reason instanceof Late)) agents.addresses.failed(address)
  if (reading.kind !== 'listed' || !isBehind(reading.token, ask)) return reading
  // The index went back: the state was restored or rebuilt, and our index would not wake us for anything new. Start over.
  return question(agents, address, { ref: ask.ref, purpose: 'confirm', wait: 0 }, token.value, signal)
}

async function question(agents: Agents, address: string, ask: Ask, token: string | undefined, signal: AbortSignal): Promise<Reading> {
  const call: Call = { signal, headers: namespaceOf(ask.ref, agents.options) }
  try {
    const rows = await clientOf(agents, address).health.service(optionsOf(agents.options, ask, token, call))
    return call.answer === undefined ? { kind: 'failed', message: `${address}: no answer` } : readRows(rows, call.answer, address, token, agents.options)
  } catch (error) {
    return refused(error, call.answer, address)
  }
}

function optionsOf(options: ConsulOptions, ask: Ask, token: string | undefined, ctx: Call): HealthOptions {
  const { tag, filter, dc = options.datacenter, partition = options.partition } = ask.ref.options
  return {
    service: ask.ref.name,
    ...(tag === undefined ? {} : { tag: tag.split(',').filter((each) => each !== '') }),
    ...(filter === undefined ? {} : { filter }),
    ...(dc === undefined ? {} : { dc }),
    ...(partition === undefined ? {} : { partition }),
    ...(token === undefined ? {} : { token }),
    // Any server may answer the steady watch, also one that lost its leader; what is suspicious is asked of the leader.
    ...(ask.purpose === 'confirm' ? {} : { stale: true }),
    ...(ask.purpose === 'follow' && ask.token !== undefined ? { index: ask.token, wait: `${Math.round(ask.wait)}ms` } : {}),
    ctx,
  }
}

function readRows(rows: unknown, answer: HttpAnswer, address: string, token: string | undefined, options: ConsulOptions): Reading {
  if (!Array.isArray(rows)) return { kind: 'failed', message: `${address}: the answer is no JSON list but ${printable(answer.headers.get('content-type') ?? 'of no type')}; is this a Consul agent?` }
  const filtered = answer.headers.get('x-consul-results-filtered-by-acls') === 'true'
  if (rows.length === 0 && filtered) return { kind: 'denied', message: `${address}: the token may not read this service or its nodes; it needs service:read and node:read` }
  if (rows.length === 0 && token === undefined && answer.headers.get('x-consul-default-acl-policy') === 'deny') {
    return { kind: 'denied', message: `${address}: Consul denies by default and no token is configured; give one in token or tokenFile` }
  }
  const contact = Number(answer.headers.get('x-consul-lastcontact') ?? 0)
  if (contact > MAX_LAST_CONTACT) return { kind: 'failed', message: `${address}: the Consul server has had no contact with a leader for ${Math.round(contact / 1000)} s` }
  const instances: Instance[] = []
  const rejected: Rejection[] = []
  for (const [position, row] of rows.entries()) {
    const entry = readEntry(row, position, options.zoneKey)
    if (entry !== undefined && 'instance' in entry) instances.push(entry.instance)
    else if (entry !== undefined) rejected.push(entry.rejection)
  }
  const index = indexOf(answer)
  return { kind: 'listed', instances, rejected, filtered, bytes: answer.body.byteLength, ...(index === undefined ? {} : { token: index }) }
}

// Never from an answer other than 2xx: a 500 without leader carries `X-Consul-Index: 1`. An index of 0 would not block.
function indexOf(answer: HttpAnswer): string | undefined {
  const index = answer.headers.get('x-consul-index') ?? ''
  return /^\d{1,20}$/.test(index) && BigInt(index) > 0n ? index : undefined
}

function isBehind(index: string | undefined, ask: Ask): boolean {
  return ask.purpose === 'follow' && ask.token !== undefined && index !== undefined && BigInt(index) < BigInt(ask.token)
}

function refused(error: unknown, answer: HttpAnswer | undefined, address: string): Reading {
  const said = printable(error instanceof Error ? error.message : String(error))
  if (answer === undefined) return { kind: 'failed', message: said.replace(/^(consul: )?(health\.service: )?/, '') }
  const asked = retryAfter(answer.headers)
  const message = `${address}: ${answer.status} ${printable(new TextDecoder().decode(answer.body.subarray(0, 200))).trim()}`.trim()
  if (answer.status === 401 || answer.status === 403) return { kind: 'denied', message: `${message}; check the token`, ...(asked === undefined ? {} : { retryAfter: asked }) }
  const text = answer.status >= 200 && answer.status < 300 ? `${address}: ${said}` : message
  return { kind: 'failed', message: text, ...(asked === undefined ? {} : { retryAfter: asked }) }
}

function clientOf(agents: Agents, address: string): ConsulClient {
  const known = agents.clients.get(address)
  if (known !== undefined) return known
  const client = createConsulClient(address, agents.platform, agents.options.tls as UpstreamTlsConfig | undefined)
  agents.clients.set(address, client)
  return client
}

function namespaceOf(ref: ServiceRef, options: ConsulOptions): Readonly<Record<string, string>> {
  const namespace = ref.options['ns'] ?? options.namespace
  return namespace === undefined ? {} : { 'x-consul-namespace': namespace }
}

// Read before each question: a token that was rotated is used without a restart.
async function readToken(agents: Agents): Promise<{ readonly value: string | undefined; readonly failed?: string }> {
  const { token, tokenFile } = agents.options
  if (tokenFile === undefined) return { value: token }
  const text = (await agents.capabilities.files?.read(tokenFile, 4096))?.trim()
  if (text !== undefined && text !== '') return { value: text }
  return { value: undefined, failed: `the token file ${tokenFile} is missing or empty` }
}
