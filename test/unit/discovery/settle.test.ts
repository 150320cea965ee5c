// What an answer means beside what it says.
import { expect, test } from 'vitest'
import type { Asked } from '../../../discovery/question.ts'
import { settle, type Answered } from '../../../discovery/settle.ts'

const MOMENT = { now: 1000, wall: 0, random: 0.5 }
const HELD = { since: 0, confirmAt: 0, confirmations: 1 }
const FULL = { ask: { purpose: 'full', wait: 0 }, resync: false } as const

type State = Asked & { readonly accepted: unknown }

const KNOWN: State = { accepted: 'one', token: 'v1', hold: undefined, failures: 0, resyncAt: 500 }
const OTHER: State = { ...KNOWN, accepted: 'two' }
const FAILED: State = { ...KNOWN, failures: 1 }

function settled(changes: Partial<Answered<State>>): string {
  const { progress, believed, missedChange } = settle<State>({ before: KNOWN, after: OTHER, question: FULL, outcome: 'ok-with-data', unheard: false, ...changes }, MOMENT)
  return [believed ? 'believed' : [], missedChange ? 'missed' : [], `resync ${progress.resyncAt}`].flat().join(' ')
}

test.each<[string, Partial<Answered<State>>, string]>([
  ['an answer', {}, 'believed resync 500'],
  ['one that rights are missing for in part', { outcome: 'denied' }, 'resync 500'],
  ['one that is held', { after: { ...OTHER, hold: HELD } }, 'resync 500'],
  ['trouble', { after: FAILED, outcome: 'failed' }, 'resync 500'],
  ['a full reading that was due', { question: { ...FULL, resync: true } }, 'believed resync 301000'],
  ['one that was due and failed, which is due still', { question: { ...FULL, resync: true }, after: FAILED, outcome: 'failed' }, 'resync 500'],
  ['news that a feed should have told', { unheard: true }, 'believed missed resync 500'],
  ['no news', { unheard: true, after: KNOWN }, 'believed resync 500'],
  ['the first answer', { unheard: true, before: { ...KNOWN, accepted: undefined } }, 'believed resync 500'],
  ['news after trouble, which the feed need not have told', { unheard: true, before: FAILED }, 'believed resync 500'],
])('%s', (_, changes, expected) => {
  expect(settled(changes)).toBe(expected)
})
