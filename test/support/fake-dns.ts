// Name servers in virtual time, at the level of their messages. They are written by dns-packet, so that the reader under test
// is not read by itself.
import { decode, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE, AUTHORITATIVE_ANSWER, type Answer, type Packet } from 'dns-packet'
import type { DnsServer, DnsTransport } from '../../discovery/dns/transport.ts'
import type { FakePlatform } from './fake-platform.ts'

/** A question that reached a server. */
interface DnsAsked {
  /** `host:port`. */
  readonly server: string
  readonly tcp: boolean
  readonly name: string
  readonly type: string
  /** Size of an answer that the asker takes by UDP. */
  readonly size: number
}

export interface DnsReplied {
  readonly answers?: readonly Answer[]
  readonly additionals?: readonly Answer[]
  /** Response code, default 0. */
  readonly code?: number
  /** Marked as cut, whatever its size. */
  readonly truncated?: boolean
}

/** What a server does with a question; undefined drops it, bytes are sent as they are, an Error means it is not reachable. */
export type DnsScript = (asked: DnsAsked) => DnsReplied | Uint8Array | Error | undefined

export interface FakeDns extends DnsTransport {
  /** Replaces all servers. */
  script(script: DnsScript): void
  readonly asked: DnsAsked[]
}

const MAX_TCP = 65_535

/** Name servers that refuse everything until they are told otherwise. */
export function fakeDns(platform: FakePlatform, servers: readonly string[] = ['10.255.0.1']): FakeDns {
  const asked: DnsAsked[] = []
  let script: DnsScript = () => ({ code: 5 })
  const ask = async (server: DnsServer, message: Uint8Array, tcp: boolean, signal: AbortSignal): Promise<Uint8Array> => {
    await platform.sleep(1, signal)
    signal.throwIfAborted()
    const query = decode(Buffer.from(message))
    const [question] = query.questions ?? []
    const opt = query.additionals?.find((record) => record.type === 'OPT')
    const one = { server: `${server.host}:${server.port}`, tcp, name: question?.name ?? '', type: question?.type ?? '', size: opt?.type === 'OPT' ? opt.udpPayloadSize : 512 }
    asked.push(one)
    const reply = script(one)
    if (reply instanceof Error) throw reply
    if (reply instanceof Uint8Array) return reply
    if (reply !== undefined) return written(query, reply, tcp ? MAX_TCP : one.size)
    await platform.sleep(3_600_000, signal)
    throw signal.reason as Error
  }
  return {
    asked,
    servers: () => servers,
    script: (next) => void (script = next),
    async udp(server, message, accept, signal) {
      const bytes = await ask(server, message, false, signal)
      if (accept(bytes)) return bytes
      await platform.sleep(3_600_000, signal)
      throw signal.reason as Error
    },
    tcp: (server, message, signal) => ask(server, message, true, signal),
  }
}

/** A reply to a query, cut to nothing with the truncation mark when it is larger than `limit`. */
export function written(query: Packet, { answers = [], additionals = [], code = 0, truncated = false }: DnsReplied, limit: number): Uint8Array {
  const flags = RECURSION_DESIRED | AUTHORITATIVE_ANSWER | (truncated ? TRUNCATED_RESPONSE : 0)
  const head = { id: query.id ?? 0, type: 'response' as const, questions: query.questions ?? [] }
  const whole = encode({ ...head, flags: flags | code, answers: [...answers], additionals: [...additionals] })
  if (whole.length <= limit) return whole
  // As name servers do, additional records are dropped first, without the mark.
  const lean = encode({ ...head, flags: flags | code, answers: [...answers] })
  return lean.length <= limit ? lean : encode({ ...head, flags: flags | code | TRUNCATED_RESPONSE })
}

/** An SRV record. */
export function srvRecord(name: string, target: string, port: number, more: { readonly priority?: number; readonly weight?: number; readonly ttl?: number } = {}): Answer {
  return { type: 'SRV', name, ttl: more.ttl ?? 1, data: { target, port, priority: more.priority ?? 0, weight: more.weight ?? 1 } }
}

/** An address record. */
export function addressRecord(name: string, address: string, ttl = 1): Answer {
  return { type: address.includes(':') ? 'AAAA' : 'A', name, ttl, data: address }
}

/** A script that serves these records as one zone: NXDOMAIN for names that have none, addresses of SRV targets beside them. */
export function serveZone(records: readonly Answer[], options: { readonly additional?: boolean } = {}): DnsScript {
  return ({ name, type }) => {
    const named = records.filter((record) => record.name.toLowerCase() === name.toLowerCase())
    if (named.length === 0) return { code: 3 }
    const answers = named.filter((record) => record.type === type || record.type === 'CNAME')
    const targets = new Set(answers.map((record) => (record.type === 'SRV' ? record.data.target : '')))
    const additionals = options.additional === false ? [] : records.filter((record) => targets.has(record.name) && record.type !== 'SRV')
    return { answers, additionals }
  }
}
