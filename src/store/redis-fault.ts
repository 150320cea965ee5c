// What an error of Redis means for a route store, and what a person should do about it.
import { codeOf, messageOf } from '../model/error.ts'

/** `denied`: rights are missing. `config`: asking again cannot help. `unavailable`: it may pass by itself. */
export type FaultKind = 'denied' | 'config' | 'unavailable'

/** A failure of the store in words for people. The message never holds a password. */
export class StoreFault extends Error {
  readonly kind: FaultKind
  /** The same for the same trouble, whatever words and numbers the server put around it. */
  readonly topic: string

  constructor(kind: FaultKind, message: string, topic: string = message) {
    super(message)
    this.name = 'StoreFault'
    this.kind = kind
    this.topic = topic
  }
}

/** The first word of an error reply, or the code of a socket error, to its meaning and remedy. */
const MEANINGS: ReadonlyMap<string, readonly [FaultKind, string]> = new Map([
  ['NOAUTH', ['denied', 'it wants a password: put one into the URL, redis://user:password@host']],
  ['WRONGPASS', ['denied', 'user or password is wrong: correct the URL']],
  ['NOPERM', ['denied', 'the user lacks a right: see the ACL line for readers in docs/reference/redis.md']],
  ['WRONGTYPE', ['config', 'the key holds something that is not a string, so it is not ours: choose another prefix, or delete the key']],
  ['MOVED', ['config', 'it is a node of a Redis cluster: use the node that holds the key, or one Redis outside the cluster']],
  ['ASK', ['config', 'it is a node of a Redis cluster: use the node that holds the key, or one Redis outside the cluster']],
  ['LOADING', ['unavailable', 'it is still loading its data']],
  ['MASTERDOWN', ['unavailable', 'it is a replica that has lost its primary']],
  ['CLUSTERDOWN', ['unavailable', 'the cluster does not serve this key now']],
  ['TRYAGAIN', ['unavailable', 'the cluster is moving this key']],
  ['BUSY', ['unavailable', 'a script holds it up']],
  ['READONLY', ['unavailable', 'it is a read-only replica: write to the primary']],
  ['OOM', ['unavailable', 'its memory is full, so it takes no writes: raise maxmemory or remove data']],
  ['MISCONF', ['unavailable', 'it cannot save to its disk, so it takes no writes: look at its log']],
  ['NOREPLICAS', ['unavailable', 'it has too few replicas, so it takes no writes']],
  ['ECONNREFUSED', ['unavailable', 'nothing listens there: is it started, are host and port right?']],
  ['ENOTFOUND', ['unavailable', 'the host name is unknown: correct the URL or the DNS']],
  ['EAI_AGAIN', ['unavailable', 'the host name cannot be looked up now']],
  ['ETIMEDOUT', ['unavailable', 'no answer in time']],
  ['ECONNRESET', ['unavailable', 'the connection was cut']],
  ['EPIPE', ['unavailable', 'the connection was cut']],
])

/** Names an error. `where` is `host:port`; `secrets` are cut out of whatever the error says. */
export function classifyRedisError(error: unknown, where: string, secrets: readonly string[] = []): StoreFault {
  if (error instanceof StoreFault) return error
  const text = messageOf(error)
  const [kind, remedy] = meaningOf(error, text)
  const said = text === '' ? '' : ` (${hide(text, secrets).slice(0, 300)})`
  return new StoreFault(kind, `Redis at ${where}: ${remedy}${said}`, remedy)
}

function meaningOf(error: unknown, text: string): readonly [FaultKind, string] {
  const code = codeOf(error)
  const byCode = MEANINGS.get(code)
  if (byCode !== undefined) return byCode
  const first = /^(?:-)?([A-Z]+)\b/.exec(text)?.[1] ?? ''
  const byWord = MEANINGS.get(first)
  if (byWord !== undefined) return byWord
  if (/max number of clients reached/i.test(text)) return ['unavailable', 'it has no connection left: raise maxclients or find who holds them']
  if (/DB index is out of range|invalid DB index|SELECT is not allowed/i.test(text)) return ['config', 'there is no such database: correct the number at the end of the URL']
  if (/timed out/i.test(text)) return ['unavailable', 'no answer in time']
  if (/connection is closed|connection close|max retries/i.test(text)) return ['unavailable', 'the connection was cut']
  if (/sentinels? (is|are) unreachable/i.test(text)) return ['unavailable', 'no Sentinel answers that knows this group']
  if (/cert|tls|ssl|self.signed|unable to verify/i.test(`${code} ${text}`)) return ['config', 'the TLS handshake failed; it is not tried without TLS: trust its CA by NODE_EXTRA_CA_CERTS, or correct the host name']
  if (/unknown command|wrong number of arguments|protocol error|syntax error/i.test(text)) return ['config', 'it does not talk like Redis 5 or newer']
  return ['unavailable', 'it cannot be read']
}

function hide(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '***')
  return shown
}
