// What is the API server's own: pages, versions that expire, watches that end, break and go deaf, tokens, several services and
// servers. Over a double of its wire, under virtual time.
import { afterEach, expect, test } from 'vitest'
import type { Capabilities } from '../../../discovery/adapter.ts'
import { k8s } from '../../../discovery/k8s.ts'
import { parseRef, type Discoverer } from '../../../src/model/discoverer.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { apiServerIn } from '../../../src/node/capabilities.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { endpoint, fakeK8s, status, type FakeK8s, type SliceSpec } from '../../support/fake-k8s.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakePlatform, START, type FakePlatform } from '../../support/fake-platform.ts'

interface World {
  readonly platform: FakePlatform
  readonly server: FakeK8s
  readonly discoverer: Discoverer
  readonly reader: Reader
  watch(ref: string): Reader
}

const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

interface Setup {
  readonly seed?: number
  readonly options?: object
  readonly ref?: string
  readonly prepare?: (server: FakeK8s, platform: FakePlatform) => Capabilities | undefined
}

const slice = (name: string, service: string, ...addresses: readonly string[]): SliceSpec => ({ name, service, endpoints: addresses.map((address) => endpoint(address)) })
const three = slice('web-1', 'web', '10.0.0.1', '10.0.0.2', '10.0.0.3')
const ready = 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080'

async function start({ seed = 1, options = {}, ref = 'main/web', prepare = () => undefined }: Setup = {}): Promise<World> {
  const platform = fakePlatform({ seed })
  const server = fakeK8s(platform)
  server.put(three)
  const capabilities = prepare(server, platform) ?? {}
  const discoverer = k8s.create('main', { address: 'https://10.0.0.1:6443', token: 'secret', ...options }, platform, capabilities)
  const watch = (text: string): Reader => {
    const parsed = parseRef(text)
    if (parsed === undefined) throw new Error(text)
    const reader = read({ platform, ref: parsed }, discoverer)
    readers.push(reader)
    return reader
  }
  const reader = watch(ref)
  await platform.advance(100)
  return { platform, server, discoverer, reader, watch }
}

const verbs = (server: FakeK8s): string => server.seen.map(({ query }) => (query.has('watch') ? 'watch' : 'list')).join(' ')

// --- questions

test('one list, then one watch from its version, with bookmarks and an end', async () => {
  const { server, reader } = await start()
  expect(summary(reader.last())).toBe(ready)
  expect(server.seen.map(({ path, token }) => `${path} ${token}`)).toEqual(Array(2).fill('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices secret'))
  expect(Object.fromEntries(server.seen[0]?.query ?? [])).toEqual({ labelSelector: 'kubernetes.io/service-name in (web)', limit: '80' })
  const watch = Object.fromEntries(server.seen[1]?.query ?? [])
  expect(watch).toMatchObject({ labelSelector: 'kubernetes.io/service-name in (web)', watch: '1', resourceVersion: '101', allowWatchBookmarks: 'true' })
  expect(Number(watch['timeoutSeconds'])).toBeGreaterThanOrEqual(45)
  expect(Number(watch['timeoutSeconds'])).toBeLessThanOrEqual(60)
})

test('all services of a namespace go by one watch, each namespace by its own', async () => {
  const { platform, server, reader, watch } = await start({
    prepare: (fake) => {
      fake.put(slice('api-1', 'api', '10.0.1.1'))
      fake.put({ ...slice('db-1', 'db', '10.0.2.1'), namespace: 'shop' })
      return undefined
    },
  })
  const api = watch('main/default/api:http')
  const db = watch('main/shop/db')
  await platform.advance(500)
  expect([reader, api, db].map((each) => summary(each.last()))).toEqual([ready, 'ready 10.0.1.1:8080', 'ready 10.0.2.1:8080'])
  expect(server.watching()).toBe(2)
  expect(server.seen.filter(({ query }) => query.has('watch')).at(-1)?.query.get('labelSelector')).toMatch(/in \((api,web|db)\)/)
  // A change of one is none of the other.
  server.put(slice('api-1', 'api', '10.0.1.1', '10.0.1.2'))
  await platform.advance(500)
  expect(summary(api.last())).toBe('ready 10.0.1.1:8080 10.0.1.2:8080')
  expect(reader.sets).toHaveLength(1)
  await api.stop()
  await reader.stop()
  expect(server.watching()).toBe(1)
})

test('many services are selected by having a service at all, and what nobody named is dropped', async () => {
  const { platform, server, watch } = await start({ prepare: (fake) => void fake.put(slice('other-1', 'other', '10.9.9.9')) })
  const many = Array.from({ length: 60 }, (_, index) => `s${index}`)
  for (const name of many) server.put(slice(`${name}-1`, name, `10.1.0.${many.indexOf(name) + 1}`))
  const all = many.map((name) => watch(`main/${name}`))
  await platform.advance(1000)
  expect(all.map((each) => summary(each.last()))).toEqual(many.map((_, index) => `ready 10.1.0.${index + 1}:8080`))
  expect(server.seen.at(-1)?.query.get('labelSelector')).toBe('kubernetes.io/service-name')
  expect(server.watching()).toBe(1)
  const other = watch('main/other')
  await platform.advance(1000)
  expect(summary(other.last())).toBe('ready 10.9.9.9:8080')
})

test('a service that is named again is listed again: nobody heard of it meanwhile', async () => {
  const { platform, server, watch } = await start({ prepare: (fake) => void fake.put(slice('api-1', 'api', '10.0.1.1')) })
  const first = watch('main/api')
  await platform.advance(500)
  await first.stop()
  server.put(slice('api-1', 'api', '10.0.1.9'))
  await platform.advance(500)
  const again = watch('main/api')
  await platform.advance(500)
  expect(again.sets.map(summary)).toEqual(['ready 10.0.1.9:8080'])
})

test('a service that is named once more is as old as the last word of the server, which is silent', async () => {
  const { platform, server, reader, watch } = await start()
  await platform.advance(20_000)
  const again = watch('main/default/web:http')
  await platform.advance(500)
  expect(summary(again.last())).toBe(summary(reader.last()))
  expect(verbs(server)).toBe('list watch')
  expect(again.last()).toMatchObject({ at: START + 50 })
  expect(again.attempts).toMatchObject([{ at: START + 50, believed: true }])
})

test('a list comes in pages, all of one version, and is taken whole', async () => {
  const slices = Array.from({ length: 200 }, (_, index) => slice(`web-${String(index).padStart(3, '0')}`, 'web', `10.1.${index}.1`))
  const { server, reader } = await start({ prepare: (fake) => void fake.service('web', slices) })
  expect(endpointsOf(reader.last())).toHaveLength(200)
  expect(reader.sets).toHaveLength(1)
  expect(verbs(server)).toBe('list list list watch')
  expect(server.seen[3]?.query.get('resourceVersion')).toBe(String(server.revision))
})

test('a list that never ends is refused', async () => {
  const endless = (): Response => new Response(JSON.stringify({ kind: 'EndpointSliceList', metadata: { resourceVersion: '1', continue: 'more' }, items: [] }), { headers: { 'content-type': 'application/json' } })
  const { reader } = await start({ prepare: (fake) => void fake.answerWith(({ query }) => (query.has('watch') ? undefined : endless())) })
  expect(reader.attempts[0]).toMatchObject({ outcome: 'failed', message: 'https://10.0.0.1:6443: the list has more than 100000 slices' })
})

test('pages that expire on the way are begun again', async () => {
  const slices = Array.from({ length: 100 }, (_, index) => slice(`web-${String(index).padStart(3, '0')}`, 'web', `10.1.${index}.1`))
  let once = true
  const { server, reader } = await start({
    prepare: (fake) => {
      fake.service('web', slices)
      fake.answerWith(({ query }) => {
        if (!once || !query.has('continue')) return undefined
        once = false
        return status(410, 'Expired', 'The provided continue parameter is too old')
      })
      return undefined
    },
  })
  expect(endpointsOf(reader.last())).toHaveLength(100)
  expect(verbs(server)).toBe('list list list list watch')
  expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
})

// --- watches

test('a watch that ended in its time goes on from its last version, bookmarks included', async () => {
  const { platform, server, reader } = await start({ options: { wait: '300s' } })
  // A change elsewhere: only a bookmark brings its version.
  server.put({ ...slice('x-1', 'x', '10.0.9.9'), namespace: 'shop' })
  await platform.advance(301_000)
  expect(verbs(server)).toBe('list watch watch')
  expect(server.seen[2]?.query.get('resourceVersion')).toBe('102')
  expect(reader.sets).toHaveLength(1)
})

test.each(['status', 'event'] as const)('an expired version (410 as %s) is listed anew, and nothing flaps', async (goneAs) => {
  const { platform, server, reader } = await start()
  server.goneAs = goneAs
  // What happens behind the back of a deaf watch is then forgotten.
  server.deaf = true
  server.put(slice('web-1', 'web', '10.0.0.1', '10.0.0.2', '10.0.0.4'))
  server.compact()
  server.deaf = false
  await platform.advance(61_000)
  expect(verbs(server)).toBe('list watch watch list watch')
  expect(reader.sets.map(summary)).toEqual([ready, 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.4:8080'])
  expect(reader.attempts.some(({ outcome }) => outcome === 'failed')).toBe(false)
})

test.each(['end', 'error'] as const)('a watch that breaks off (%s) is listed anew at once, and is no trouble', async (how) => {
  const { platform, server, reader } = await start()
  await platform.advance(20_000)
  server.endWatches(how)
  server.put(slice('web-2', 'web', '10.0.0.4'))
  await platform.advance(200)
  expect(verbs(server)).toBe('list watch list watch')
  expect(summary(reader.last())).toBe(`${ready} 10.0.0.4:8080`)
  expect(reader.attempts.some(({ outcome }) => outcome === 'failed')).toBe(false)
})

test('a store that was restored to before is noticed, although a watch from a later version would be silent for ever', async () => {
  const { platform, server, reader } = await start()
  for (let n = 0; n < 50; n++) server.put(three)
  await platform.advance(20_000)
  server.restore(90, [slice('web-1', 'web', '10.0.0.1', '10.0.0.2', '10.0.0.9')])
  await platform.advance(1000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.9:8080')
})

test('a change that the watch swallowed is found by the next full reading, and counted', async () => {
  const { platform, server, reader } = await start()
  server.deaf = true
  server.put(slice('web-1', 'web', '10.0.0.1', '10.0.0.2', '10.0.0.4'))
  server.deaf = false
  // The version of the watch must not pass over it: a later event brings one.
  server.put(slice('web-2', 'web', '10.0.0.5'))
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(`${ready} 10.0.0.5:8080`)
  await platform.advance(400_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.4:8080 10.0.0.5:8080')
  expect(reader.attempts.filter(({ missedChange }) => missedChange)).toHaveLength(1)
})

test('a connection that died without a word is noticed, and meanwhile nothing is called confirmed', async () => {
  const { platform, server, reader } = await start()
  server.answerWith(() => new Response(new ReadableStream()))
  // From now on no end, no bookmark and no answer: the host is gone, and nobody said so.
  server.endWatches('end')
  const before = reader.attempts.length
  await platform.advance(200_000)
  expect(reader.attempts.slice(before).filter(({ believed }) => believed)).toEqual([])
  expect(summary(reader.last())).toBe(ready.replace('ready', 'stale failed'))
  expect(reader.attempts.at(-1)?.message).toMatch(/no answer within 10 s/)
  server.recover()
  await platform.advance(40_000)
  expect(summary(reader.last())).toBe(ready)
})

// A question may end before the watch is given up or after it, as chance has it.
test.each([1, 2, 3, 4, 5, 6])('nor is it while a watch that is open has gone deaf, before it is given up (%i)', async (seed) => {
  const { platform, server, reader } = await start({ seed })
  const before = reader.attempts.length
  server.answerWith(() => new Response(new ReadableStream()))
  server.freeze()
  await platform.advance(150_000)
  expect(reader.attempts.slice(before).filter(({ believed }) => believed)).toEqual([])
  expect(summary(reader.last())).toBe(ready.replace('ready', 'stale failed'))
})

test('a watch that is silent beyond its time is given up', async () => {
  const { platform, server } = await start()
  server.answerWith(({ query }) => (query.has('watch') ? new Response(new ReadableStream()) : undefined))
  server.endWatches('end')
  await platform.advance(1000)
  expect(verbs(server)).toBe('list watch list watch')
  await platform.advance(66_000)
  expect(verbs(server)).toBe('list watch list watch list watch')
})

test('where watching is refused, it is listed again and again, slower and slower, and said', async () => {
  const { platform, server, reader } = await start({ prepare: (fake) => void (fake.tokens = new Map([['secret', ['list']]])) })
  await platform.advance(60_000)
  server.put(slice('web-1', 'web', '10.0.0.1', '10.0.0.2', '10.0.0.4'))
  await platform.advance(40_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.4:8080')
  expect(server.seen.length).toBeLessThan(50)
  expect(platform.lines.filter(({ message }) => message.includes('cannot be watched'))).toHaveLength(1)
  expect(platform.lines[0]?.message).toMatch(/cannot watch resource .*; the gateway needs get, list and watch/)
})

test.each([
  ['ends at once', () => new Response('')],
  ['is no JSON', () => new Response('<html>\n')],
  ['says 410 each time', () => new Response('{"type":"ERROR","object":{"kind":"Status","code":410}}\n')],
])('a watch that %s does not spin', async (_, answer) => {
  const { platform, server } = await start({ prepare: (fake) => void fake.answerWith(({ query }) => (query.has('watch') ? answer() : undefined)) })
  await platform.advance(60_000)
  expect(server.seen.length).toBeLessThan(40)
})

test.each(['not json', '{"type":"MODIFIED","object":', '[]', '{"type":"MODIFIED"}', '{"type":"MODIFIED","object":{"metadata":{}}}', '{"type":"CONSTRUCTOR","object":{"metadata":{"name":"web-1","resourceVersion":"9"}}}'])('a broken line takes nothing away: %s', async (line) => {
  const { platform, server, reader } = await start()
  server.sendRaw(line)
  await platform.advance(1000)
  server.put(slice('web-2', 'web', '10.0.0.4'))
  await platform.advance(1000)
  expect(reader.sets.map(summary)).toEqual([ready, `${ready} 10.0.0.4:8080`])
})

test('an endpoint that goes over to another slice does not go away', async () => {
  const { platform, server, reader } = await start()
  server.put(slice('web-1', 'web', '10.0.0.1', '10.0.0.2'))
  server.put(slice('web-2', 'web', '10.0.0.3'))
  await platform.advance(1000)
  expect(reader.sets.map(summary)).toEqual([ready])
})

test('a pod in two slices of one list is what the later slice says, whatever their names', async () => {
  const pod = (name: string, ready: boolean): SliceSpec => ({ name, service: 'web', endpoints: [endpoint('10.0.0.1', { conditions: { ready }, targetRef: { uid: 'a' } })] })
  const { reader } = await start({ prepare: (fake) => void fake.service('web', [pod('web-2', true), pod('web-1', false)]) })
  expect(endpointsOf(reader.last()).map(({ health }) => health)).toEqual(['critical'])
})

test('a slice that was removed while nobody listened is gone with the next list', async () => {
  const { platform, server, reader } = await start({ prepare: (fake) => void fake.put(slice('web-2', 'web', '10.0.0.4')) })
  server.deaf = true
  server.remove('web-2')
  server.deaf = false
  server.endWatches('error')
  await platform.advance(1000)
  expect(reader.sets.map(summary)).toEqual([`${ready} 10.0.0.4:8080`, ready])
})

test('a slice that goes over to another service leaves the first', async () => {
  const { platform, server, reader, watch } = await start()
  const api = watch('main/api')
  await platform.advance(500)
  server.put({ ...slice('web-2', 'web', '10.0.0.4') })
  await platform.advance(500)
  server.put({ ...slice('web-2', 'api', '10.0.0.4') })
  await platform.advance(12_000)
  expect(summary(reader.last())).toBe(ready)
  expect(summary(api.last())).toBe('ready 10.0.0.4:8080')
})

// --- ports

test('a port that a service lost is trouble, not emptiness', async () => {
  const { platform, server, reader } = await start({ ref: 'main/default/web:http' })
  server.put({ ...three, ports: [{ name: 'https', port: 8443 }] })
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(ready.replace('ready', 'stale failed'))
  expect(reader.attempts.at(-1)?.message).toBe('default/web has no TCP port http; its endpoints have https (8443)')
  server.put(three)
  await platform.advance(1500)
  expect(summary(reader.last())).toBe(ready)
})

// The controller leaves a placeholder of such a service: a slice without endpoints, and without ports, which the server writes as null.
test.each([
  ['main/web', null],
  ['main/web', []],
  ['main/default/web:http', null],
  ['main/default/web:8080', null],
])('a service that was scaled to zero has no endpoints once that is confirmed (%s, %j)', async (ref, none) => {
  const { platform, server, reader } = await start({ ref })
  server.put({ ...three, endpoints: none, ports: none })
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(ready.replace('ready', 'stale guarded'))
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe('ready')
  server.put(three)
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(ready)
})

test('a reference that names nothing says so, and asks nobody', async () => {
  const { server, reader } = await start({ ref: 'main/a/b/c' })
  expect(reader.last()).toMatchObject({ kind: 'pending', cause: { outcome: 'failed', message: "'a/b/c' does not name a service; write main/namespace/service or main/namespace/service:port" } })
  expect(server.seen).toEqual([])
})

// --- rights, servers, words

test('a token is read again before each question', async () => {
  const paths = fakeFilesWith('/token', 'first')
  const { platform, server, reader } = await start({ options: { token: undefined, tokenFile: '/token' }, prepare: (fake, world) => ((fake.tokens = new Map([['first', ['list', 'watch']]])), paths(world)) })
  expect(summary(reader.last())).toBe(ready)
  server.tokens = new Map([['second', ['list', 'watch']]])
  paths.files?.write('/token', 'second\n')
  await platform.advance(70_000)
  expect(server.seen.at(-1)?.token).toBe('second')
  expect(reader.attempts.some(({ outcome }) => outcome === 'denied')).toBe(false)
})

test.each([
  ['a token that is not known', 401, 'Unauthorized', /^https:\/\/10\.0\.0\.1:6443: 401 Unauthorized; check the token$/],
  ['a token without rights', 403, 'forbidden', /403 forbidden; the gateway needs get, list and watch on endpointslices$/],
])('%s is denied', async (_, code, message, words) => {
  const { reader } = await start({ prepare: (fake) => void fake.answerWith(() => status(code, '', message)) })
  expect(summary(reader.last())).toBe('pending denied')
  expect(reader.attempts.at(-1)?.message).toMatch(words)
})

test.each([
  ['500', () => status(500, 'InternalError', 'etcdserver: request timed out'), /500 etcdserver: request timed out/],
  ['504', () => status(504, 'Timeout', 'Too large resource version'), /504 Too large resource version/],
  ['404', () => new Response('404 page not found', { status: 404 }), /404 page not found; discovery.k8s.io\/v1 needs Kubernetes 1.21/],
  ['a page of HTML', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), /no list of EndpointSlices but text\/html; is this a Kubernetes API server\?/],
  ['half a body', () => new Response('{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5"},"items":[{"meta', { headers: { 'content-type': 'application/json' } }), /no list of EndpointSlices/],
  ['items that are no list', () => new Response('{"metadata":{"resourceVersion":"5"},"items":{}}'), /no list of EndpointSlices/],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://evil/' } }), /302/],
])('%s is a failure', async (_, answer, words) => {
  const { reader } = await start({ prepare: (fake) => void fake.answerWith(answer) })
  expect(summary(reader.last())).toBe('pending failed')
  expect(reader.attempts.at(-1)?.message).toMatch(words)
})

test('a server that is too busy is left alone for as long as it says', async () => {
  const { platform, server } = await start({ prepare: (fake) => void fake.answerWith(() => status(429, 'TooManyRequests', 'too many requests', { 'retry-after': '20' })) })
  expect(server.seen).toHaveLength(1)
  await platform.advance(19_000)
  expect(server.seen).toHaveLength(1)
  await platform.advance(2000)
  expect(server.seen).toHaveLength(2)
})

test('a watch that is refused late is refused: it is not listed again at once, and not before the time that was asked for', async () => {
  const { platform, server } = await start()
  platform.onFetch(async (url, init) => {
    if (!url.includes('watch=1')) return server.answer(url, init)
    await platform.sleep(2000)
    return status(429, 'TooManyRequests', 'too many requests', { 'retry-after': '20' })
  })
  server.endWatches('end')
  await platform.advance(1000)
  const before = server.seen.length
  await platform.advance(90_000)
  expect(server.seen.length - before).toBeGreaterThanOrEqual(3)
  expect(server.seen.length - before).toBeLessThanOrEqual(4)
})

// Pages of six seconds each, so that a list takes longer than a question may.
test.each([2, 5])('an emptiness is confirmed also where a list takes %i pages of six seconds', async (pages) => {
  const { platform, server, reader, watch } = await start()
  for (let index = 0; index < pages * 80 - 40; index++) server.put(slice(`api-${index}`, 'api', '10.0.1.1'))
  const api = watch('main/api')
  await platform.advance(1000)
  expect(summary(api.last())).toBe('ready 10.0.1.1:8080')
  platform.onFetch(async (url, init) => {
    if (!url.includes('watch=1')) await platform.sleep(6000)
    return server.answer(url, init)
  })
  server.service('web', [])
  await platform.advance(29_000)
  expect(summary(reader.last())).toBe(ready.replace('ready', 'stale guarded'))
  const lists = server.seen.filter(({ query }) => !query.has('watch')).length
  await platform.advance(20_000 + 2 * pages * 6000)
  expect(summary(reader.last())).toBe('absent')
  expect(server.seen.filter(({ query }) => !query.has('watch')).length - lists).toBeLessThanOrEqual(3 * pages)
})

test('a periodic reading is no trouble where a list takes longer than a question, and still finds what the watch swallowed', async () => {
  const { platform, server, reader, watch } = await start()
  for (let index = 0; index < 120; index++) server.put(slice(`api-${index}`, 'api', '10.0.1.1'))
  const api = watch('main/api')
  await platform.advance(1000)
  platform.onFetch(async (url, init) => {
    if (!url.includes('watch=1')) await platform.sleep(6000)
    return server.answer(url, init)
  })
  server.deaf = true
  server.put(slice('web-1', 'web', '10.0.0.1', '10.0.0.2'))
  server.deaf = false
  await platform.advance(900_000)
  expect([...reader.attempts, ...api.attempts].filter(({ outcome }) => outcome !== 'ok-with-data')).toEqual([])
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

test('another server is asked when one fails', async () => {
  const { platform, server, reader } = await start({
    options: { address: ['https://a:6443', 'https://b:6443'] },
    prepare: (fake) => void fake.answerWith(({ origin }) => (origin === 'https://a:6443' ? status(503, '', 'shutting down') : undefined)),
  })
  await platform.advance(1000)
  expect(server.seen.slice(0, 2).map(({ origin }) => origin)).toEqual(['https://a:6443', 'https://b:6443'])
  expect(summary(reader.last())).toBe(ready)
})

test('an emptiness is confirmed by lists of their own, one for all services', async () => {
  const { platform, server, reader, watch } = await start({ prepare: (fake) => void fake.put(slice('api-1', 'api', '10.0.1.1')) })
  const api = watch('main/api')
  await platform.advance(500)
  const before = server.seen.filter(({ query }) => !query.has('watch')).length
  server.service('web', [])
  server.service('api', [])
  await platform.advance(60_000)
  expect([reader, api].map((each) => each.last().kind)).toEqual(['absent', 'absent'])
  const lists = server.seen.filter(({ query }) => !query.has('watch')).length - before
  expect(lists).toBeGreaterThanOrEqual(4)
  expect(lists).toBeLessThanOrEqual(12)
})

test.each<[string, Record<string, string>, string]>([
  ['nothing but the name', {}, 'https://kubernetes.default.svc'],
  ['the address that every pod is told, since a pod on its node’s network may not know the name', { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }, 'https://10.96.0.1'],
  ['another port', { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' }, 'https://10.96.0.1:6443'],
  ['IPv6', { KUBERNETES_SERVICE_HOST: 'fd00:10:96::1', KUBERNETES_SERVICE_PORT: '6443' }, 'https://[fd00:10:96::1]:6443'],
  ['a name, as some providers have it', { KUBERNETES_SERVICE_HOST: 'api.cluster.example', KUBERNETES_SERVICE_PORT: '443' }, 'https://api.cluster.example'],
  ['half of it', { KUBERNETES_SERVICE_HOST: '10.96.0.1' }, 'https://kubernetes.default.svc'],
  ['what is no port', { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '70000' }, 'https://kubernetes.default.svc'],
])('in a pod nothing has to be said: %s', async (_, environment, origin) => {
  const platform = fakePlatform()
  const server = fakeK8s(platform)
  server.put(three)
  const account = '/var/run/secrets/kubernetes.io/serviceaccount'
  const files = fakeFiles(platform, [])
  files.write(`${account}/token`, 'pod-token')
  const seen: unknown[] = []
  platform.onFetch((url, init) => {
    seen.push(init.tls)
    return server.answer(url, init)
  })
  const reader = read({ platform, ref: { registry: 'k8s', name: 'web', options: {} } }, k8s.create('k8s', {}, platform, { files, ...apiServerIn(environment) }))
  readers.push(reader)
  await platform.advance(100)
  expect(summary(reader.last())).toBe(ready)
  expect(server.seen[0]).toMatchObject({ origin, token: 'pod-token' })
  expect(seen[0]).toEqual({ ca: `${account}/ca.crt`, verify: true })
})

test('where the options say an address, the pod’s environment counts for nothing', async () => {
  const { server } = await start({ prepare: () => apiServerIn({ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }) })
  expect(server.seen[0]?.origin).toBe('https://10.0.0.1:6443')
})

test('an endpoint for two zones is near to a gateway in either', async () => {
  const hinted = (address: string, ...zones: readonly string[]): object => ({ ...(endpoint(address) as object), zone: 'c', hints: { forZones: zones.map((name) => ({ name })) } })
  const { reader } = await start({
    prepare: (fake) => {
      fake.put({ name: 'web-1', service: 'web', endpoints: [hinted('10.0.0.1', 'a', 'b'), hinted('10.0.0.2', 'a')] })
      return { zone: 'b' }
    },
  })
  expect(endpointsOf(reader.last()).map(({ host, zone }) => `${host} ${zone ?? ''}`)).toEqual(['10.0.0.1 b', '10.0.0.2 a'])
})

test('outside of a cluster it says what is missing', async () => {
  const platform = fakePlatform()
  const reader = read({ platform, ref: { registry: 'k8s', name: 'web', options: {} } }, k8s.create('k8s', {}, platform, { files: fakeFiles(platform, []) }))
  readers.push(reader)
  await platform.advance(100)
  expect(reader.attempts[0]?.message).toMatch(/serviceaccount\/token is missing or empty; outside a cluster the registry needs address, token and tls.ca/)
})

test('a runtime without files says that it needs a token', () => {
  expect(() => k8s.create('k8s', {}, fakePlatform())).toThrow(/tokenFile needs files, which this runtime has not; use address and token/)
})

function fakeFilesWith(path: string, content: string): ((platform: FakePlatform) => Capabilities) & { files?: ReturnType<typeof fakeFiles> } {
  const make: ((platform: FakePlatform) => Capabilities) & { files?: ReturnType<typeof fakeFiles> } = (platform) => {
    make.files = fakeFiles(platform, [])
    make.files.write(path, content)
    return { files: make.files }
  }
  return make
}

test('a sign of life is heard by many services in turn, not by all at once', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`)
  const { platform, watch } = await start({
    prepare: (fake) => {
      for (const name of names) fake.put(slice(`${name}-1`, name, '10.0.1.1'))
      return undefined
    },
  })
  const all = names.map((name) => watch(`main/${name}`))
  await platform.advance(20_000)
  const before = all.map(({ attempts }) => attempts.length)
  await platform.advance(120_000)
  const heard = all.map(({ attempts }, index) => attempts.slice(before[index]))
  expect(heard.every((attempts) => attempts.length > 0 && attempts.every(({ outcome }) => outcome === 'ok-with-data'))).toBe(true)
  const atOnce = new Map<number, number>()
  for (const { at } of heard.flat()) atOnce.set(at, (atOnce.get(at) ?? 0) + 1)
  expect(Math.max(...atOnce.values())).toBeLessThanOrEqual(40)
})

test('where thousands are watched and something changes all the time, each that stays the same is confirmed now and then, not every ten seconds', async () => {
  const names = Array.from({ length: 2000 }, (_, index) => `s${index}`)
  const { server, platform, watch } = await start({
    prepare: (fake) => {
      for (const name of names) fake.put(slice(`${name}-1`, name, '10.0.1.1'))
      return undefined
    },
  })
  const all = names.map((name) => watch(`main/${name}`))
  await platform.advance(60_000)
  const before = all.map(({ attempts }) => attempts.length)
  for (let change = 0; change < 100; change++) {
    server.put(slice('s0-1', 's0', `10.0.2.${1 + (change % 200)}`))
    await platform.advance(1000)
  }
  const asked = all.slice(1).map(({ attempts }, index) => attempts.length - (before[index + 1] ?? 0))
  // A watch ends each 34 to 45 s, and its end is a sign of life for all of them.
  expect(Math.min(...asked)).toBeGreaterThanOrEqual(2)
  expect(Math.max(...asked)).toBeLessThanOrEqual(6)
})
