// Reads the corpora of test/fixtures/corpora and holds what their runners share.
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { startGateway, type TestGateway } from './gateway.ts'
import { startOrigin, type Origin } from './origin.ts'
import { exchange } from './raw-client.ts'

/** Latin1 text, or pieces of it with how often each is repeated. */
export type Raw = string | readonly (readonly [text: string, times: number])[]

export function bytesOf(raw: Raw): string {
  return typeof raw === 'string' ? raw : raw.map(([text, times]) => text.repeat(times)).join('')
}

/** The cases of one corpus file. */
export function loadCorpus<Case>(name: string): Case[] {
  const text = readFileSync(new URL(`../fixtures/corpora/${name}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { cases: Case[] }).cases
}

let innocents = 0

/** Sends an ordinary request on a connection of its own and checks that it gets its own answer and that the origin saw it as it was. */
export async function expectInnocent(port: number, origin: Origin): Promise<void> {
  const target = `/raw/innocent-${++innocents}`
  const reading = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
  expect(reading.problems).toEqual([])
  expect(reading.responses.map((answer) => answer.status)).toEqual([200])
  expect(JSON.parse(reading.responses[0]?.body ?? '')).toMatchObject({ method: 'GET', target, body: '' })
  expect(origin.requests.filter((request) => request.target === target)).toHaveLength(1)
}

/** Listeners of the corpus gateways: `patient` has the default limits; `hasty` gives up on a silent client after 250 ms, so that a case ends by itself. */
export const LISTENERS = `
listeners:
  patient: { port: 0, host: 127.0.0.1 }
  hasty: { port: 0, host: 127.0.0.1, limits: { headTimeout: 250ms, idleTimeout: 250ms, bodyTimeout: 250ms } }
admin: { port: 0 }
accessLog: { format: 'off' }
workers: 1
`

/** An origin, and a gateway with these listeners that passes everything below `/raw` on to it. */
export async function startRawGateway(): Promise<{ readonly origin: Origin; readonly gateway: TestGateway }> {
  const origin = await startOrigin()
  const gateway = await startGateway(`${LISTENERS}
routes:
  - { name: raw, match: { path: /raw/** }, to: 'http://127.0.0.1:${origin.port}', timeout: 2s }
`)
  return { origin, gateway }
}
