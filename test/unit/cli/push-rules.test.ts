// What a table must stand before it is published is what `fairlead check` asks of it, listeners of its file included.
import { afterEach, expect, test, vi } from 'vitest'
import { pushRules } from '../../../src/cli/push-rules.ts'

afterEach(() => vi.unstubAllEnvs())

const problemsOf = (text: string): readonly string[] => {
  const { table, problems } = pushRules.parse(text, 'fairlead.yaml')
  return [...problems, ...(table === undefined ? [] : pushRules.check(table, text))].map(({ message }) => message)
}

const routes = `
routes:
  - { name: safe, match: { path: /**, listener: secure }, respond: {}, tests: [{ request: GET https://a.example/x, expect: route:safe }, { request: 'GET a.example:8443/x', expect: route:safe }] }
`

test('tests of a whole configuration arrive at its own listeners', () => {
  vi.stubEnv('SECURE_PORT', '8443')
  const listeners = (port: string): string => `listeners: { web: { port: 8080 }, secure: { port: ${port}, tls: { cert: a.pem, key: a.key } } }`
  for (const port of ['8443', "'8443'", '${SECURE_PORT}']) expect([port, problemsOf(listeners(port) + routes)]).toEqual([port, []])
})

test('those of a table alone arrive where they say', () => {
  expect(problemsOf('routes: [{ name: safe, match: { path: /**, listener: secure }, respond: {}, tests: [{ request: GET https://a.example/x, listener: secure, expect: route:safe }] }]')).toEqual([])
})
