// The attempt loop in virtual time: what an answer that a route may want tried elsewhere does to the next pick.
import { describe, expect, test } from 'vitest'
import { balancers } from '../../../src/balance/list.ts'
import type { AccessRecord } from '../../../src/model/access.ts'
import { GatewayError, type Reason } from '../../../src/model/error.ts'
import type { Exchange } from '../../../src/model/exchange.ts'
import { HeaderList } from '../../../src/model/headers.ts'
import type { RetryConfig } from '../../../src/model/route-config.ts'
import type { BalanceConfig } from '../../../src/model/service-config.ts'
import { Budgets } from '../../../src/proxy/budgets.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { handle } from '../../../src/proxy/gateway.ts'
import { Snapshots } from '../../../src/proxy/snapshots.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { request, route, service, table } from '../../support/build-table.ts'
import { endpoint } from '../../support/endpoints.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { quietExchange } from '../../support/quiet-exchange.ts'

/** Endpoints that answer with a status after some milliseconds; `stale` tries before that meet a connection that was closed. */
type Answers = Readonly<Record<string, { readonly status: number; readonly after: number; readonly stale?: number }>>

const RETRY: RetryConfig = { attempts: 1, on: ['5xx', '429'], perTry: 0, methods: ['GET'] }

/** A gateway in front of one service with these endpoints; `ask` sends one request with its own user name. */
function open(balance: BalanceConfig, answers: Answers, retry?: RetryConfig, lost: Reason = 'upstream_reset') {
  const platform = fakePlatform()
  const snapshots = new Snapshots(createEndpointBook(platform), () => {})
  const config = { ...service('words'), balance, from: ['r/words'] }
  snapshots.useTable(compileTable(table([route('words', {}, retry === undefined ? {} : { retry })], { services: [config] })), { number: 1, hash: 'x', origin: 'test', at: 0 })
  snapshots.useSet('r/words', { kind: 'ready', at: 0, endpoints: Object.keys(answers).map((id) => endpoint(id, { host: id })) })
  const sent: string[] = []
  const dead = new Map(Object.entries(answers).map(([id, { stale = 0 }]) => [id, stale]))
  const records: AccessRecord[] = []
  const transport = {
    async send(_exchange: unknown, _request: unknown, { endpoint: { id } }: { readonly endpoint: { readonly id: string } }) {
      sent.push(id)
      const left = dead.get(id) ?? 0
      dead.set(id, left - 1)
      if (left > 0) throw new GatewayError(lost, '', { side: 'upstream', retry: 'stale' })
      const { status, after } = answers[id] ?? { status: 0, after: 0 }
      await platform.sleep(after)
      return { status, reason: '', headers: new HeaderList(), discard: () => {} }
    },
  }
  const gateway = { platform, transport, snapshot: snapshots.current, budgets: new Budgets(), record: (access: AccessRecord) => void records.push(access) }
  /** `upload` is the time that the client takes for its body, milliseconds. */
  const ask = async (user: string, upload?: number): Promise<AccessRecord | undefined> => {
    const whole = platform.now() + (upload ?? 0)
    const exchange: Exchange = Object.defineProperty(quietExchange(request('words.example/', { headers: [['x-user', user]] }), platform.now()), 'uploadedAt', {
      get: () => (upload === undefined || platform.now() < whole ? 0 : whole),
    })
    void handle(gateway, exchange)
    await platform.advance(400)
    return records.at(-1)
  }
  return { ask, sent, states: snapshots.current.services[0]?.all.states ?? [] }
}

function balanceOf(name: string): BalanceConfig {
  if (name === 'ring-hash' || name === 'maglev') return { kind: name, by: { kind: 'header', name: 'x-user' } }
  return { kind: name as 'peak-ewma' }
}

describe.each([503, 500, 429])('after a %d', (status) => {
  test.each(balancers.map(({ name }) => name))('the next try goes to another endpoint: %s', async (name) => {
    const { ask, sent } = open(balanceOf(name), { bad: { status, after: 1 }, good: { status: 200, after: 20 } }, RETRY)
    // Each user is a key of its own: some of them belong to the one that fails.
    for (let user = 0; user < 8; user++) expect((await ask(`user-${user}`))?.status).toBe(200)
    expect(sent).toContain('bad')
  })

  test('an endpoint that answers nothing else, and quickly, draws no requests', async () => {
    const { ask, sent } = open({ kind: 'peak-ewma' }, { bad: { status, after: 1 }, good: { status: 200, after: 20 } })
    for (let i = 0; i < 50; i++) await ask('anyone')
    const share = sent.filter((id) => id === 'bad').length / sent.length
    expect(share).toBeLessThan(0.2)
  })
})

describe('a connection that was closed while it was idle', () => {
  test.each(['ring-hash', 'maglev'])('costs a key its endpoint only when it happens twice: %s', async (name) => {
    const ways = async (stale: number, lost?: Reason): Promise<string[]> => {
      const all = new Set<string>()
      for (let user = 0; user < 8; user++) {
        const { ask, sent } = open(balanceOf(name), { a: { status: 200, after: 1, stale }, b: { status: 200, after: 1 } }, undefined, lost)
        expect((await ask(`user-${user}`))?.status).toBe(200)
        all.add(sent.join())
      }
      return [...all].toSorted()
    }
    expect(await ways(1)).toEqual(['a,a', 'b'])
    expect(await ways(2)).toEqual(['a,a,b', 'b'])
    // What a worker says of an endpoint that refuses: it does not know how far a failed fetch got.
    expect(await ways(1, 'connect_failed')).toEqual(['a,b', 'b'])
  })
})

describe('the time that an endpoint takes', () => {
  test('begins with the last byte of the request: a client that uploads slowly says nothing about it', async () => {
    const { ask, states } = open({ kind: 'peak-ewma' }, { a: { status: 200, after: 300 } })
    await ask('slow', 295)
    expect(states[0]?.ewma).toBeCloseTo(5, 6)
  })

  test('is counted from the try, for a body that was whole before', async () => {
    const { ask, states } = open({ kind: 'peak-ewma' }, { a: { status: 200, after: 300 } })
    await ask('quick', 0)
    expect(states[0]?.ewma).toBeCloseTo(300, 6)
  })
})
