// A wait that never ends must end, and say where.
import { expect, test } from 'vitest'
import { within } from '../../support/within.ts'

test('what comes in time is given as it is, a rejection too', async () => {
  expect(await within(60_000, Promise.resolve('here'), () => 'late')).toBe('here')
  await expect(within(60_000, Promise.reject(new Error('broken')), () => 'late')).rejects.toThrow('broken')
})

test('what never comes is told', async () => {
  await expect(within(1, new Promise(() => {}), () => 'the writer said nothing')).rejects.toThrow('the writer said nothing')
})
