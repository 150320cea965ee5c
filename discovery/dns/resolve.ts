// One lookup: the configured name servers in turn, by UDP and where that does not suffice by TCP, each try with its own
// deadline, and what the reply means. The outcomes are kept apart: "no such name" is an answer, SERVFAIL is none.
import { messageOf } from '../../src/model/error.ts'
import type { Platform } from '../../src/model/platform.ts'
import type { Addresses } from '../addresses.ts'
import { withDeadline } from '../deadline.ts'
import { answers, decodeReply, encodeQuery, type DnsQuestion, type DnsRecord, type DnsReply } from './message.ts'
import type { DnsServer, DnsTransport } from './transport.ts'

/** One try, milliseconds. */
const TRY = 2000
/** Tries at least (datagrams get lost) and at most, so that all end before the deadline of the whole question. */
const MIN_TRIES = 2
const MAX_TRIES = 4
/** A server that has never spoken TCP is not asked by it again for so long, where that may be left out, milliseconds. */
const WITHOUT_TCP = 60_000
/** Size of a UDP answer that crosses every network whole, as the operators of name servers agreed in 2020. */
const UDP_SIZE = 1232
const NO_ERROR = 0
const FORMERR = 1
const NXDOMAIN = 3
const NOTIMP = 4
const REFUSED = 5
const CODES: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED', 9: 'NOTAUTH' }
/** Aliases followed inside one reply. */
const MAX_ALIASES = 8

/** Asks name servers. */
export interface Resolver {
  readonly platform: Platform
  readonly transport: DnsTransport
  /** Texts of the servers, as people wrote them. */
  readonly addresses: Addresses
  readonly servers: ReadonlyMap<string, DnsServer>
  /** Called after a lookup that none of them answered: others may be configured by now. */
  renew?(): void
}

/** What a lookup came to. `message` is for people and names the server. */
export type Lookup =
  | {
      readonly kind: 'found'
      /** Records of the type asked for, of the name or of what it is an alias of. Never none. */
      readonly records: readonly DnsRecord[]
      readonly additional: readonly DnsRecord[]
      /** Seconds for which the answer holds. */
      readonly ttl: number
    }
  /** The name exists without such records (`no-data`), or does not exist. */
  | { readonly kind: 'no-data' | 'no-name'; readonly message: string }
  /** The server will not answer us, or no answer could be had. */
  | { readonly kind: 'refused' | 'failed'; readonly message: string }

export interface LookupOptions {
  /** Ask another server than the last one. */
  readonly confirm?: boolean
  /** By TCP at once; by UDP only where the server does not speak TCP. */
  readonly tcp?: boolean
}

/** Looks a name up. Never rejects. */
export async function lookup(resolver: Resolver, question: DnsQuestion, options: LookupOptions, signal: AbortSignal): Promise<Lookup> {
  const tries = Math.min(MAX_TRIES, Math.max(MIN_TRIES, resolver.servers.size))
  let result: Lookup = { kind: 'failed', message: 'stopped' }
  for (let count = 0; count < tries && !signal.aborted; count++) {
    const address = resolver.addresses.pick(options.confirm === true && count === 0)
    const server = resolver.servers.get(address)
    result = server === undefined ? { kind: 'failed', message: `${address} is no name server` } : await ask(resolver, server, address, question, options.tcp === true, signal)
    if (result.kind !== 'failed' && result.kind !== 'refused') return result
    if (!signal.aborted) resolver.addresses.failed(address)
  }
  resolver.renew?.()
  return result
}

async function ask(resolver: Resolver, server: DnsServer, address: string, question: DnsQuestion, tcp: boolean, signal: AbortSignal): Promise<Lookup> {
  const where = `name server ${address}: ${question.type} ${question.name}`
  try {
    const reply = await exchange(resolver, server, question, tcp, signal)
    return understand(reply, question, where)
  } catch (error) {
    return { kind: 'failed', message: `${where}: ${messageOf(error)}` }
  }
}

async function exchange(resolver: Resolver, server: DnsServer, question: DnsQuestion, tcp: boolean, signal: AbortSignal): Promise<DnsReply> {
  const preferred = tcp ? await byTcpIfSpoken(resolver, server, question, signal) : undefined
  if (preferred !== undefined) return whole(preferred)
  let reply = await byUdp(resolver, server, question, UDP_SIZE, signal)
  // Servers older than EDNS refuse what they do not know.
  if (reply.code === FORMERR || reply.code === NOTIMP) reply = await byUdp(resolver, server, question, undefined, signal)
  return reply.truncated ? whole(await byTcp(resolver, server, question, signal)) : reply
}

// Of an answer over TCP. What it shows may be nothing, and would be taken for no such records.
function whole(reply: DnsReply): DnsReply {
  if (reply.truncated) throw new Error('the answer does not fit into a DNS message; a service this large needs another kind of registry')
  return reply
}

const spokenTcp = new WeakSet<DnsServer>()
const silentUntil = new WeakMap<DnsServer, number>()

// Firewalls drop TCP without a word: each question would wait for it again, and what changes be known that much later. A server that did
// speak it is always asked again: what it shows by UDP is less, and would take endpoints away.
async function byTcpIfSpoken(resolver: Resolver, server: DnsServer, question: DnsQuestion, signal: AbortSignal): Promise<DnsReply | undefined> {
  if (resolver.platform.now() < (silentUntil.get(server) ?? -Infinity)) return undefined
  try {
    const reply = await byTcp(resolver, server, question, signal)
    spokenTcp.add(server)
    return reply
  } catch {
    if (!signal.aborted && !spokenTcp.has(server)) silentUntil.set(server, resolver.platform.now() + WITHOUT_TCP)
    return undefined
  }
}

// A datagram that is no answer to the question may be forged, so the right one is still waited for.
async function byUdp({ transport, platform }: Resolver, server: DnsServer, question: DnsQuestion, size: number | undefined, signal: AbortSignal): Promise<DnsReply> {
  const id = randomId()
  let [taken, wrong]: [DnsReply | undefined, string] = [undefined, '']
  const accept = (bytes: Uint8Array): boolean => {
    const reply = attempt(() => decodeReply(bytes))
    if (reply instanceof Error) wrong = `; what came cannot be read: ${reply.message}`
    else if (answers(reply, id, question)) taken = reply
    else wrong = '; what came does not answer the question'
    return taken !== undefined
  }
  const send = (own: AbortSignal): Promise<Uint8Array> => transport.udp(server, encodeQuery(id, question, size), accept, own)
  await within(platform, signal, send, () => wrong)
  if (taken === undefined) throw new Error(`no answer${wrong}`)
  return taken
}

async function byTcp({ transport, platform }: Resolver, server: DnsServer, question: DnsQuestion, signal: AbortSignal): Promise<DnsReply> {
  const id = randomId()
  // EDNS has nothing to say here, and servers older than it would refuse.
  const bytes = await within(platform, signal, (own) => transport.tcp(server, encodeQuery(id, question), own), () => ' over TCP')
  const reply = attempt(() => decodeReply(bytes))
  if (reply instanceof Error) throw new Error(`the answer over TCP cannot be read: ${reply.message}`)
  if (!answers(reply, id, question)) throw new Error('what came over TCP does not answer the question')
  return reply
}

async function within<T>(platform: Platform, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>, more: () => string): Promise<T> {
  const late = (error: Error): { readonly error: Error } => ({ error })
  const result = await withDeadline<{ readonly value: T } | { readonly error: Error }>(platform, TRY, signal, (own) => run(own).then((value) => ({ value }), (error: Error) => ({ error })), late)
  if ('error' in result) throw new Error(`${result.error.message}${more()}`)
  return result.value
}

function understand(reply: DnsReply, question: DnsQuestion, where: string): Lookup {
  if (reply.code === NXDOMAIN) return { kind: 'no-name', message: `${where}: there is no such name (NXDOMAIN)` }
  if (reply.code === REFUSED) return { kind: 'refused', message: `${where}: REFUSED; the server does not answer this client, or not for this name` }
  if (reply.code !== NO_ERROR) return { kind: 'failed', message: `${where}: ${CODES[reply.code] ?? `response code ${reply.code}`}` }
  let [name, ttl] = [question.name.toLowerCase(), Infinity]
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const records = reply.answers.filter((record) => record.name === name && record.type === question.type)
    if (records.length > 0) return { kind: 'found', records, additional: reply.additional, ttl: records.reduce((least, record) => Math.min(least, record.ttl), ttl) }
    const alias = reply.answers.find((record) => record.name === name && record.type === 'CNAME')
    if (alias?.type !== 'CNAME') break
    name = alias.target
    ttl = Math.min(ttl, alias.ttl)
  }
  return { kind: 'no-data', message: `${where}: the name has no such records` }
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error as Error
  }
}

function randomId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] ?? 0
}
