// What the gateways say in Redis, read by a publisher.
import { setTimeout as sleep } from 'node:timers/promises'
import { ACK_RENEW, ACK_TTL, parseAck, type Ack } from '../../store/ack.ts'
import type { RedisKeys } from '../../store/layout.ts'
import type { RedisClient } from './redis-client.ts'

/** A gateway whose word is older than this missed a renewal and is taken for dead. Milliseconds. */
const SILENT_AFTER = ACK_RENEW + 5000
/** Between two looks while waiting, milliseconds. */
const LOOK_EVERY = 50
/** Gateways on one prefix. */
const MOST = 10_000

export interface LiveAck {
  readonly ack: Ack
  /** Milliseconds since it was written, by the clock of Redis. */
  readonly age: number
  readonly live: boolean
}

/** Everyone whose word has not vanished yet, in the order of their names. */
export async function listAcks(client: RedisClient, keys: RedisKeys): Promise<readonly LiveAck[]> {
  const names = await findAcks(client, keys)
  const found: LiveAck[] = []
  for (const [gateway, text] of await readAcks(client, keys, names)) {
    const ack = parseAck(gateway, text)
    const left = await client.run((redis) => redis.pttl(`${keys.acks}${gateway}`))
    const age = ACK_TTL * 1000 - left
    if (ack !== undefined && left >= 0) found.push({ ack, age, live: age <= SILENT_AFTER })
  }
  return found
}

async function findAcks(client: RedisClient, keys: RedisKeys): Promise<readonly string[]> {
  const names = new Set<string>()
  // The prefix holds no character that a pattern gives a meaning to; see `prefixProblem`.
  const pattern = `${keys.acks}*`
  for (let cursor = '0'; ; ) {
    const [next, batch] = await client.run((redis) => redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000))
    for (const key of batch) names.add(key.slice(keys.acks.length))
    if (next === '0' || names.size > MOST) return [...names].sort()
    cursor = next
  }
}

async function readAcks(client: RedisClient, keys: RedisKeys, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map()
  const texts = await client.run((redis) => redis.mget(names.map((name) => `${keys.acks}${name}`)))
  return new Map(names.flatMap((name, index) => (typeof texts[index] === 'string' ? [[name, texts[index]]] : [])))
}

/** What became of a version in one gateway. */
export interface Answer {
  readonly gateway: string
  /** `superseded`: it went on to a later version. `gone`: it left while we waited. `silent`: no answer in time. */
  readonly status: 'applied' | 'rejected' | 'superseded' | 'gone' | 'silent'
  /** Why it rejected; empty otherwise. */
  readonly error: string
}

export interface WaitOptions {
  readonly client: RedisClient
  readonly keys: RedisKeys
  readonly version: number
  readonly sha256: string
  readonly epoch: string
  /** Who must answer. */
  readonly gateways: readonly string[]
  /** Milliseconds. */
  readonly timeout: number
  /** Called for each answer as it comes. */
  onAnswer?(answer: Answer): void
}

/** Waits until all of them answered or the time is over; one answer for each, in the order in which they came. */
export async function waitForAcks(options: WaitOptions): Promise<readonly Answer[]> {
  const { client, keys, gateways, timeout, onAnswer } = options
  const answers: Answer[] = []
  const open = new Set(gateways)
  const settle = (answer: Answer): void => {
    open.delete(answer.gateway)
    answers.push(answer)
    onAnswer?.(answer)
  }
  const until = performance.now() + timeout
  for (let late = false; open.size > 0; late = performance.now() >= until) {
    const texts = await readAcks(client, keys, [...open])
    for (const gateway of open) {
      const answer = answerOf(gateway, texts.get(gateway), options)
      if (answer !== undefined) settle(answer)
      else if (late) settle({ gateway, status: 'silent', error: '' })
    }
    if (open.size > 0) await sleep(LOOK_EVERY)
  }
  return answers
}

function answerOf(gateway: string, text: string | undefined, { version, sha256, epoch }: WaitOptions): Answer | undefined {
  if (text === undefined) return { gateway, status: 'gone', error: '' }
  const ack = parseAck(gateway, text)
  if (ack === undefined || ack.status === 'waiting') return undefined
  if (ack.version === version && ack.sha256 === sha256) return { gateway, status: ack.status, error: ack.error }
  if (ack.epoch !== epoch || ack.version <= version) return undefined
  return { gateway, status: ack.running === version ? 'applied' : 'superseded', error: '' }
}
