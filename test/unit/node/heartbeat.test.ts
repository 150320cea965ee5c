// Asking a worker whether it still does anything, in virtual time.
import { expect, test } from 'vitest'
import { Heartbeat } from '../../../src/node/heartbeat.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

interface World {
  readonly platform: ReturnType<typeof fakePlatform>
  readonly heartbeat: Heartbeat
  readonly dead: Promise<boolean>
  readonly ended: AbortController
  readonly asked: () => number
}

function watched(answer: (heartbeat: Heartbeat) => void): World {
  const platform = fakePlatform()
  let asked = 0
  const heartbeat: Heartbeat = new Heartbeat(
    platform,
    () => {
      asked++
      answer(heartbeat)
    },
    12,
  )
  const ended = new AbortController()
  return { platform, heartbeat, dead: heartbeat.run(ended.signal), ended, asked: () => asked }
}

test('a worker that answers is asked each five seconds, for ever', async () => {
  const { platform, heartbeat, dead, ended, asked } = watched((each) => each.answered())
  await platform.advance(3_600_000)
  expect([asked(), heartbeat.isSilent]).toEqual([720, false])
  ended.abort()
  expect(await dead).toBe(false)
})

test('one that answers nothing is silent after two periods and dead after twelve, and has one question waiting', async () => {
  const { platform, heartbeat, dead, asked } = watched(() => {})
  await platform.advance(14_999)
  expect(heartbeat.isSilent).toBe(false)
  await platform.advance(1)
  expect(heartbeat.isSilent).toBe(true)
  await platform.advance(50_000)
  expect([await dead, asked()]).toEqual([true, 1])
})

test('one that goes on in time is as good as before', async () => {
  const { platform, heartbeat, dead, ended, asked } = watched(() => {})
  await platform.advance(60_000)
  heartbeat.answered()
  expect(heartbeat.isSilent).toBe(false)
  await platform.advance(60_000)
  expect([heartbeat.isSilent, asked()]).toEqual([true, 2])
  ended.abort()
  expect(await dead).toBe(false)
})
