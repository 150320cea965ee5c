// The decision vectors in workerd: asked of POST /.fairlead/explain, and sent as real requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RequestExplanation } from '../../src/proxy/explain-request.ts'
import { ask, effectOf, expectedEffect, requestBytes, startOrigins, tableAt } from '../support/live-vectors.ts'
import type { Origin } from '../support/origin.ts'
import { loadVectors, storyOf, type Vector, vectorName } from '../support/vectors.ts'
import { startWorker, type TestWorker } from '../support/workerd.ts'

const TOKEN = 'vectors'
const { tables, vectors } = loadVectors()
let origins: Origin[] = []

beforeAll(async () => {
  origins = await startOrigins()
})

afterAll(() => Promise.all(origins.map((origin) => origin.stop())))

/**
 * Chance, wall clock, listener and source cannot be chosen for a real request here. The runtime joins repeated fields before the
 * worker sees them, and refuses by itself what is no HTTP to it.
 */
function canBeLive({ request, story, decision }: Vector): boolean {
  const names = (request.headers ?? []).map(([name]) => name)
  const isPlain = requestBytes(request) !== undefined && request.from === undefined && request.listener === 'web'
  const isSplit = story?.winner?.action.kind === 'forward' && story.winner.action.split.length > 1
  const isHttp = /^[A-Z]+$/.test(request.method) && request.method !== 'CONNECT' && !(decision.kind === 'refused' && decision.reason === 'bad_request')
  return isPlain && isHttp && !isSplit && new Set(names).size === names.length
}

describe.each(Object.entries(tables))('table %s', (name, table) => {
  const own = vectors.filter((vector) => vector.table === name).map((vector) => [vectorName(vector), vector] as const)
  let worker: TestWorker

  beforeAll(async () => {
    worker = await startWorker(tableAt(table, origins), { token: TOKEN })
  })
  afterAll(() => worker.stop())

  test.each(own)('POST /.fairlead/explain: %s', async (_name, { request, decision, story }) => {
    const answer = await fetch(`http://127.0.0.1:${worker.port}/.fairlead/explain`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body: JSON.stringify(request) })
    const told = (await answer.json()) as RequestExplanation & { readonly reason?: string }
    if (story === null) expect({ status: answer.status, kind: 'refused', reason: told.reason }).toEqual({ status: 422, ...decision })
    else expect(JSON.stringify(storyOf(told))).toBe(JSON.stringify(story))
  })

  if (name === 'times') return
  test.each(own.filter(([, vector]) => canBeLive(vector)))('live: %s', async (_name, vector) => {
    const { request, decision } = vector
    for (const origin of origins) origin.clear()
    const answer = await ask(worker.port, request.method, requestBytes(request) ?? '')
    expect(withoutHost(effectOf(decision, answer, origins))).toEqual(withoutHost(expectedEffect(vector)))
  })
})

/** `fetch` writes Host itself, from the address. */
function withoutHost({ forwarded, ...effect }: ReturnType<typeof expectedEffect>): object {
  return { ...effect, forwarded: forwarded?.slice(0, 2) }
}
