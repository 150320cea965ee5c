// Endpoints that take no connections: how long they are passed over, who finds out that they are back, and that no request is late for it.
import { describe, expect, test } from 'vitest'
import type { AccessRecord } from '../../../src/model/access.ts'
import type { EndpointState } from '../../../src/model/balancer.ts'
import type { EndpointSet } from '../../../src/model/endpoint.ts'
import { GatewayError } from '../../../src/model/error.ts'
import type { Transport } from '../../../src/model/exchange.ts'
import { HeaderList } from '../../../src/model/headers.ts'
import { answered, avoid } from '../../../src/proxy/avoid.ts'
import { Budgets } from '../../../src/proxy/budgets.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { handle } from '../../../src/proxy/gateway.ts'
import { Snapshots } from '../../../src/proxy/snapshots.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { request, route, service, table } from '../../support/build-table.ts'
import { endpoint, endpointState } from '../../support/endpoints.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { quietExchange } from '../../support/quiet-exchange.ts'

const WORDS = service('words')
const unsent = (): GatewayError => new GatewayError('connect_timeout', '', { side: 'upstream', retry: 'unsent' })

describe('an endpoint whose connects fail', () => {
  /** One endpoint, its gateway, and when the gateway tried it. `canTell` is false on a runtime without connections of its own. */
  function bench(canTell = true) {
    const platform = fakePlatform()
    // In the middle, where the jitter changes nothing.
    const even = { ...platform, random: () => 0.5 }
    const state = endpointState('a')
    const tried: number[] = []
    const world = { isUp: false, ending: new AbortController() }
    const reaches = (): Promise<boolean> => {
      tried.push(platform.now())
      return Promise.resolve(world.isUp)
    }
    const transport: Transport = { send: () => Promise.reject(unsent()), ...(canTell ? { reaches } : {}) }
    const fail = (): void => avoid({ platform: even, transport, ending: world.ending.signal }, state, WORDS)
    return { platform, state, tried, world, fail }
  }
  const left = ({ avoidUntil }: EndpointState, now: number): number => Math.max(0, avoidUntil - now)

  test('is tried by the gateway, each time later, up to 30 s', async () => {
    const { platform, state, tried, fail } = bench()
    fail()
    await platform.advance(125_000)
    expect(tried).toEqual([2000, 6000, 14_000, 30_000, 60_000, 90_000, 120_000])
    // Not for a moment might a request have gone there.
    expect(left(state, platform.now())).toBe(25_000)
  })

  test('gets requests when it takes a connection, and is tried no more', async () => {
    const { platform, state, tried, world, fail } = bench()
    fail()
    await platform.advance(7000)
    world.isUp = true
    await platform.advance(6999)
    expect(left(state, platform.now())).toBe(1)
    await platform.advance(1)
    expect(left(state, platform.now())).toBe(0)
    await platform.advance(600_000)
    expect(tried).toEqual([2000, 6000, 14_000])
  })

  test('that takes connections and refuses the handshake is passed over for longer, too', async () => {
    const { platform, state, world, fail } = bench()
    world.isUp = true
    const times: number[] = []
    for (let i = 0; i < 4; i++) {
      fail()
      times.push(left(state, platform.now()))
      await platform.advance(left(state, platform.now()))
      expect(left(state, platform.now())).toBe(0)
    }
    expect(times).toEqual([2000, 8000, 30_000, 30_000])
  })

  test('begins anew with the first answer to a request sent since', async () => {
    const { platform, state, tried, fail } = bench()
    await platform.advance(100)
    fail()
    await platform.advance(7000)
    expect(tried).toEqual([2100, 6100])
    answered(state, 6099)
    expect(left(state, platform.now())).toBeGreaterThan(0)
    answered(state, 6100)
    expect(left(state, platform.now())).toBe(0)
    await platform.advance(60_000)
    expect(tried).toHaveLength(2)
    fail()
    expect(left(state, platform.now())).toBe(2000)
  })

  test('counts many failures of one moment as one', () => {
    const { state, fail } = bench()
    for (let i = 0; i < 64; i++) fail()
    expect([state.failures, state.avoidUntil]).toEqual([1, 2000])
  })

  test('forgets a failure of long ago', async () => {
    const { platform, state, world, fail } = bench()
    world.isUp = true
    fail()
    await platform.advance(2000)
    await platform.advance(60_001)
    fail()
    expect(left(state, platform.now())).toBe(2000)
  })

  test.each<[string, (state: EndpointState, ending: AbortController) => void]>([
    ['it has left', (state) => void (state.gone = true)],
    ['the gateway ends', (_state, ending) => ending.abort()],
  ])('is tried no more when %s', async (_what, happens) => {
    const { platform, state, tried, world, fail } = bench()
    fail()
    await platform.advance(2500)
    happens(state, world.ending)
    await platform.advance(120_000)
    expect(tried).toEqual([2000])
    expect(state.watched).toBe(false)
  })

  test('is found out about by requests, each time later, where the runtime cannot tell', async () => {
    const { platform, state, fail } = bench(false)
    const times: number[] = []
    for (let i = 0; i < 6; i++) {
      fail()
      times.push(left(state, platform.now()))
      await platform.advance(left(state, platform.now()))
    }
    expect(times).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  test('is not tried in step by workers that found it dead in one moment', async () => {
    const platform = fakePlatform()
    const at: number[] = []
    const reaches = (): Promise<boolean> => Promise.resolve(at.push(platform.now()) < 0)
    const states = Array.from({ length: 20 }, () => endpointState('a'))
    for (const state of states) avoid({ platform, transport: { send: () => Promise.reject(unsent()), reaches } }, state, WORDS)
    await platform.advance(2400)
    expect(new Set(at).size).toBe(20)
    expect(Math.min(...at)).toBeGreaterThanOrEqual(1600)
  })
})

describe('a registry that is dead for days, with servers that are gone', () => {
  /** `old/words` has a and b, `new/words` has c or nothing; connects to what is not up take a second to fail. */
  function open(old: EndpointSet['kind'] = 'stale', fresh: readonly string[] = ['c']) {
    const platform = fakePlatform()
    const snapshots = new Snapshots(createEndpointBook(platform), () => {})
    snapshots.useTable(compileTable(table([route('words', {})], { services: [{ ...WORDS, from: ['old/words', 'new/words'] }] })), { number: 1, hash: 'x', origin: 'test', at: 0 })
    const endpoints = ['a', 'b'].map((id) => endpoint(id, { host: id }))
    snapshots.useSet('old/words', old === 'stale' ? { kind: 'stale', at: 0, endpoints, cause: { outcome: 'failed', message: '' } } : { kind: 'ready', at: 0, endpoints })
    snapshots.useSet('new/words', { kind: 'ready', at: 0, endpoints: fresh.map((id) => endpoint(id, { host: id })) })
    const up = new Set(['c'])
    const sent: string[] = []
    const transport: Transport = {
      async send(_exchange, _request, { endpoint: { id } }) {
        sent.push(id)
        if (up.has(id)) return { status: 200, reason: '', headers: new HeaderList(), discard: () => {} }
        await platform.sleep(1000)
        throw unsent()
      },
      reaches: ({ endpoint: { id } }) => Promise.resolve(up.has(id)),
    }
    const records: AccessRecord[] = []
    const gateway = { platform, transport, snapshot: snapshots.current, budgets: new Budgets(), record: (access: AccessRecord) => void records.push(access) }
    /** One request, and then time until `every` milliseconds have passed. Where it went, and after how long it ended. */
    const ask = async (every: number): Promise<string> => {
      sent.length = 0
      const startedAt = platform.now()
      const exchange = quietExchange(request('words.example/', {}), startedAt)
      let took = -1
      void handle(gateway, exchange).then(() => void (took = platform.now() - startedAt))
      await platform.advance(every)
      return `${sent.toSorted().join()} ${records.at(-1)?.status} ${took}`
    }
    return { ask, up, platform }
  }

  test.each<[EndpointSet['kind'], string, number]>([
    ['stale', 'one request in five seconds', 5000],
    ['stale', 'one a minute', 60_000],
    ['ready', 'one in five seconds, of a registry that is live', 5000],
  ])('delays the first request and no other: %s, %s', async (kind, _what, every) => {
    const { ask } = open(kind)
    expect(await ask(every)).toBe('a,b,c 200 2000')
    for (let i = 0; i < 60; i++) expect(await ask(every)).toBe('c 200 0')
  })

  test('has the requests again when its servers are back', async () => {
    const { ask, up } = open()
    await ask(300_000)
    up.add('b')
    expect(await ask(60_000)).toBe('c 200 0')
    for (let i = 0; i < 10; i++) expect(await ask(5000)).toBe('b 200 0')
  })

  test('gets requests for want of others, and by the first that is answered it is known who is back', async () => {
    const { ask, up } = open('stale', [])
    expect(await ask(300_000)).toMatch(/^a(,a)?,b(,b)? 504 3000$/)
    up.add('a')
    expect(await ask(1500)).toMatch(/^a(,b)? 200 /)
    for (let i = 0; i < 20; i++) expect(await ask(1)).toBe('a 200 0')
  })
})

test('what its registry lists anew begins anew', () => {
  const book = createEndpointBook(fakePlatform())
  const listed: EndpointSet = { kind: 'ready', at: 0, endpoints: [endpoint('a', { host: 'a' })] }
  const state = book.build({ ...WORDS, from: ['r/words'] }, () => listed).all.states[0] as EndpointState
  Object.assign(state, { failures: 5, avoidUntil: 30_000 })
  book.build({ ...WORDS, from: ['r/words'] }, () => listed)
  expect(state).toMatchObject({ failures: 5, avoidUntil: 30_000 })
  book.build({ ...WORDS, from: ['r/words'] }, () => ({ kind: 'ready', at: 0, endpoints: [] }))
  expect(book.build({ ...WORDS, from: ['r/words'] }, () => listed).all.states[0]).toBe(state)
  expect(state).toMatchObject({ failures: 0, avoidUntil: 0 })
})
