// The life of an announcement in virtual time: registered when the gateway serves, and never again once it is to end.
import { expect, test } from 'vitest'
import { Announcement, type CallResult, type Registrar } from '../../../src/node/announce/announcement.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'

type Call = keyof Registrar
const done: CallResult = { kind: 'done' }
const down: CallResult = { kind: 'failed', message: 'connection refused' }

interface World {
  readonly platform: FakePlatform
  readonly announcement: Announcement
  readonly calls: string[]
  /** What a call answers; may take time. */
  readonly answers: Partial<Record<Call, () => CallResult | Promise<CallResult>>>
  ready: boolean
}

function world(options: { readonly drain?: number; readonly connect?: () => Promise<never> } = {}): World {
  const platform = fakePlatform()
  const calls: string[] = []
  const answers: World['answers'] = {}
  const call = (name: Call) => async (): Promise<CallResult> => {
    calls.push(name)
    return (await answers[name]?.()) ?? done
  }
  const registrar: Registrar = { register: call('register'), renew: call('renew'), drain: call('drain'), leave: call('leave') }
  const self: World = {
    platform,
    calls,
    answers,
    ready: true,
    announcement: new Announcement(platform, {
      registry: 'netflix',
      instance: 'GATEWAY/h:gateway:8080',
      heartbeat: 30_000,
      drain: options.drain ?? 60_000,
      ready: () => self.ready,
      connect: options.connect ?? (async () => registrar),
    }),
  }
  return self
}

/** Runs something that waits in virtual time. */
async function through(platform: FakePlatform, work: Promise<void>, ms: number): Promise<void> {
  await platform.advance(ms)
  await work
}

test('it registers once the gateway may get traffic, and then sends a heartbeat each half minute', async () => {
  const w = world()
  w.ready = false
  w.announcement.start()
  await w.platform.advance(10_000)
  expect([w.calls, w.announcement.view.state]).toEqual([[], 'waiting'])
  w.ready = true
  await w.platform.advance(1000)
  expect([w.calls, w.announcement.view.state]).toEqual([['register'], 'up'])
  await w.platform.advance(90_000)
  expect(w.calls).toEqual(['register', 'renew', 'renew', 'renew'])
})

test('it drains, waits, and then leaves; heartbeats go on meanwhile, and nothing comes after', async () => {
  const w = world()
  w.announcement.start()
  await w.platform.advance(1000)
  const drained = w.announcement.drain()
  await w.platform.advance(59_000)
  expect([w.calls, w.announcement.view.state]).toEqual([['register', 'drain', 'renew'], 'draining'])
  await through(w.platform, drained, 1000)
  await w.announcement.leave()
  await w.platform.advance(600_000)
  expect([w.calls, w.announcement.view.state]).toEqual([['register', 'drain', 'renew', 'leave'], 'gone'])
})

test('a registry that does not know it any more gets it again at once', async () => {
  const w = world()
  w.announcement.start()
  await w.platform.advance(1000)
  w.answers.renew = () => ({ kind: 'unknown' })
  await w.platform.advance(30_000)
  expect(w.calls).toEqual(['register', 'renew', 'register'])
  expect(w.announcement.view.state).toBe('up')
})

test('a heartbeat that is under way when it ends, and says unknown, does not register again', async () => {
  const w = world({ drain: 0 })
  w.announcement.start()
  await w.platform.advance(1000)
  w.answers.renew = async () => {
    await w.platform.sleep(5000)
    return { kind: 'unknown' }
  }
  await w.platform.advance(29_500)
  expect(w.calls).toEqual(['register', 'renew'])
  const ended = w.announcement.drain().then(() => w.announcement.leave())
  await through(w.platform, ended, 600_000)
  expect(w.calls).toEqual(['register', 'renew'])
})

test('a registration that is under way when it ends is removed', async () => {
  const w = world({ drain: 0 })
  w.answers.register = async () => {
    await w.platform.sleep(5000)
    return done
  }
  w.announcement.start()
  await w.platform.advance(1000)
  await through(w.platform, w.announcement.drain().then(() => w.announcement.leave()), 600_000)
  expect(w.calls).toEqual(['register', 'drain', 'leave'])
})

test('a registration that may have been taken, whatever was heard of it, is drained and removed', async () => {
  const w = world()
  w.answers.register = () => down
  w.announcement.start()
  await w.platform.advance(1000)
  const asked = w.calls.length
  await through(w.platform, w.announcement.drain().then(() => w.announcement.leave()), 120_000)
  expect(w.calls.slice(asked)).toEqual(['drain', 'renew', 'leave'])
  expect(w.announcement.view).toMatchObject({ state: 'gone', failures: 0 })
})

test('a registration that failed and of which the registry knows nothing is not waited for', async () => {
  const w = world()
  w.answers.register = () => down
  w.answers.drain = () => ({ kind: 'unknown' })
  w.announcement.start()
  await w.platform.advance(1000)
  const asked = w.calls.length
  await w.announcement.drain()
  await w.announcement.leave()
  expect(w.calls.slice(asked)).toEqual(['drain', 'leave'])
})

test('a registration that was taken only in part is one: heartbeats go on soon, and say what is left to do', async () => {
  const w = world()
  const partly = (): CallResult => ({ kind: 'partly', message: 'its status cannot be reset' })
  w.answers.register = partly
  w.answers.renew = partly
  w.announcement.start()
  await w.platform.advance(10_000)
  expect(new Set(w.calls.slice(1))).toEqual(new Set(['renew']))
  expect(w.announcement.view).toMatchObject({ state: 'up', failures: w.calls.length, lastError: { message: 'renew: its status cannot be reset' } })
  delete w.answers.renew
  await w.platform.advance(30_000)
  expect(w.announcement.view).toMatchObject({ state: 'up', failures: 0 })
  expect(w.platform.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'warn netflix: this gateway could not be announced wholly (register): its status cannot be reset',
    'info netflix: this gateway is up',
    'info netflix: the announcement of this gateway works again',
  ])
})

test('who is unknown while it drains is not registered again', async () => {
  const w = world()
  w.announcement.start()
  await w.platform.advance(1000)
  w.answers.renew = () => ({ kind: 'unknown' })
  await through(w.platform, w.announcement.drain().then(() => w.announcement.leave()), 120_000)
  expect(w.calls).toEqual(['register', 'drain', 'renew', 'leave'])
})

test('a registry that is down is asked again with growing gaps; the log has one line for it, the view the last error', async () => {
  const w = world()
  w.answers.register = () => down
  w.announcement.start()
  await w.platform.advance(300_000)
  const asked = w.calls.length
  expect(asked).toBeGreaterThan(8)
  expect(asked).toBeLessThan(60)
  expect(w.platform.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(['warn netflix: this gateway could not be announced (register): connection refused'])
  expect(w.announcement.view).toMatchObject({ state: 'registering', failures: asked, lastError: { message: 'register: connection refused' } })
  delete w.answers.register
  await w.platform.advance(31_000)
  expect(w.announcement.view).toMatchObject({ state: 'up', failures: 0 })
  expect(w.platform.lines.slice(1).map(({ message }) => message)).toEqual(['netflix: the announcement of this gateway works again', 'netflix: this gateway is up'])
  expect(w.announcement.view.lastError).toBeUndefined()
})

test('a registry that cannot be told of the drain is not waited for', async () => {
  const w = world()
  w.announcement.start()
  await w.platform.advance(1000)
  w.answers.drain = () => down
  w.answers.leave = () => down
  await w.announcement.drain()
  await w.announcement.leave()
  expect(w.calls).toEqual(['register', 'drain', 'leave'])
  expect(w.announcement.view.lastError?.message).toBe('leave: connection refused')
})

test('a client that cannot be made is a failure like others, and ending costs nothing', async () => {
  const w = world({ connect: () => Promise.reject(new Error('there is no listener web')) })
  w.announcement.start()
  await w.platform.advance(5000)
  expect(w.announcement.view).toMatchObject({ state: 'registering', lastError: { message: 'register: there is no listener web' } })
  await w.announcement.drain()
  await w.announcement.leave()
  expect(w.calls).toEqual([])
})
