// The decision vectors on Node over sockets: asked of the admin API, and sent as real requests whose answers carry their explanations.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapters } from '../../discovery/list.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { normalizeHost, normalizePath } from '../../src/proxy/normalize.ts'
import { signExplain } from '../../src/proxy/signed-explain.ts'
import type { RequestExplanation } from '../../src/proxy/explain-request.ts'
import { nodePlatform, type RunningGateway, startGateway } from '../../src/node/entry.ts'
import { valuesOf } from '../support/http1.ts'
import { ask, effectOf, expectedEffect, proxyLine, requestBytes, startOrigins, tableAt } from '../support/live-vectors.ts'
import type { Origin } from '../support/origin.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { loadVectors, storyOf, type Vector, VECTOR_LISTENERS, vectorName, type VectorRequest } from '../support/vectors.ts'

const SECRET = 'vectors'
const { tables, vectors } = loadVectors()
const temp = await makeTempDirectory()
const real = nodePlatform(() => undefined)
let origins: Origin[] = []
let now: Pick<VectorRequest, 'at' | 'roll'> | undefined

/** Chance and wall clock as the vector says. */
const platform = { ...real, random: () => now?.roll ?? 0, wallClock: () => now?.at ?? real.wallClock() }

const CONFIG = `
listeners: { ${VECTOR_LISTENERS.map((name) => `${name}: { port: 0, host: 127.0.0.1, proxyProtocol: true, trustedProxies: [127.0.0.1/32] }`).join(', ')} }
admin: { port: 0 }
accessLog: off
explainSecret: ${SECRET}
routes: []
allowEmpty: true
`

beforeAll(async () => {
  origins = await startOrigins()
})

afterAll(async () => {
  await Promise.all(origins.map((origin) => origin.stop()))
  await temp.remove()
})

describe.each(Object.entries(tables))('table %s', (name, table) => {
  const own = vectors.filter((vector) => vector.table === name).map((vector) => [vectorName(vector), vector] as const)
  let gateway: RunningGateway

  beforeAll(async () => {
    const { config, problems } = parseConfig(CONFIG, { file: `${temp.directory}/vectors.yaml`, env: {}, adapters })
    if (config === undefined) throw new Error(JSON.stringify(problems))
    now = undefined
    gateway = await startGateway({ ...config, table: tableAt(table, origins) }, { platform, admin: true })
  })
  afterAll(() => gateway.stop(0))

  test.each(own)('POST /api/explain: %s', async (_name, { request, decision, story }) => {
    now = request
    const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/api/explain`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) })
    const told = (await answer.json()) as RequestExplanation & { readonly reason?: string }
    if (story === null) expect({ status: answer.status, kind: 'refused', reason: told.reason }).toEqual({ status: 422, ...decision })
    else expect(JSON.stringify(storyOf(told))).toBe(JSON.stringify(story))
  })

  test.each(own.filter(([, { request }]) => requestBytes(request) !== undefined))('live: %s', async (_name, vector) => {
    const { request, story } = vector
    now = request
    for (const origin of origins) origin.clear()
    const answer = await ask(gateway.ports[request.listener] ?? 0, request.method, `${proxyLine(request.from)}${requestBytes(request, await signed(vector))}`)
    expect(effectOf(vector.decision, answer, origins)).toEqual(expectedEffect(vector))
    const explanation = valuesOf(answer?.fields ?? [], 'fairlead-explanation')[0]
    // What is refused, before any route or by a rewrite, ends with its reason alone.
    if (vector.decision.kind === 'refused' || expectedEffect(vector).reason === 'no_endpoints') expect(explanation).toBeUndefined()
    else expect(JSON.stringify(storyOf(JSON.parse(explanation ?? '') as RequestExplanation))).toBe(JSON.stringify(story))
  })
})

/** The header that asks for the explanation; none for what is refused before it is a request. */
async function signed({ story, request }: Vector): Promise<string[]> {
  if (story === null) return []
  const { method, authority, path } = story.request
  expect([normalizeHost(authority, 'http')?.authority, normalizePath(path)?.path]).toEqual([authority, path])
  return [`Fairlead-Explain: ${await signExplain(SECRET, Math.round(request.at / 1000), { method, authority, path })}`]
}
