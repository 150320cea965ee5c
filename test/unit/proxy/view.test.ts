// What people are told of a service over several registries: which reference is used, and why another or an endpoint is not.
import { describe, expect, test } from 'vitest'
import type { ServiceConfig } from '../../../src/model/service-config.ts'
import type { Endpoint, EndpointSet, StaleCause } from '../../../src/model/endpoint.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { arrange, viewCandidate, viewOrigins } from '../../../src/proxy/view.ts'
import type { Arrangement } from '../../../src/proxy/view.ts'
import { service } from '../../support/build-table.ts'
import { endpoint } from '../../support/endpoints.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const NOW = 10_000
const ready = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'ready', endpoints, at: NOW - 100 })
const stale = (outcome: StaleCause['outcome'], ...endpoints: Endpoint[]): EndpointSet => ({ kind: 'stale', endpoints, at: NOW - 5000, cause: { outcome, message: 'why' } })
const at = (host: string, fields: Partial<Endpoint> = {}): Endpoint => endpoint(`id-${host}`, { host, port: 80, learnedAt: NOW - 700, ...fields })

function arranged(sets: Readonly<Record<string, EndpointSet>>, more: Partial<ServiceConfig> = {}, subset?: string): Arrangement {
  const config = { ...service('words'), from: Object.keys(sets), ...more }
  return arrange(createEndpointBook(fakePlatform()).build(config, (ref) => sets[ref] ?? { kind: 'pending' }), subset)
}

describe('why a reference is not used', () => {
  const usable = ready(at('x'))
  test.each<[string, EndpointSet, EndpointSet, (string | null)[]]>([
    ['used', usable, ready(at('y')), [null, 'in reserve after a/words']],
    ['pending', { kind: 'pending' }, usable, ['nothing is known yet', null]],
    ['absent', { kind: 'absent', at: 1 }, usable, ['the registry does not know it', null]],
    ['empty', ready(), usable, ['it has no endpoints', null]],
    ['all bad', ready(at('a', { health: 'critical' }), at('b', { draining: true }), at('c', { health: 'critical' })), usable, ['none of its endpoints is usable: 2 critical, 1 draining', null]],
    ['held', stale('guarded', at('a', { held: true })), usable, ['all that it had vanished; kept until that is confirmed', null]],
    ['disputed', ready(at('a', { draining: true }), at('b')), ready(at('a')), [null, 'another registry says that its endpoints leave']],
    ['all draining, beside one that is not', ready(at('a', { draining: true })), usable, ['none of its endpoints is usable: 1 draining', null]],
    ['what only it has drains', ready(at('x'), at('a', { draining: true })), usable, [null, 'all its addresses are taken from references before it']],
    ['what the next has alone drains', usable, ready(at('x'), at('a', { draining: true })), [null, 'none of those taken from it is usable: 1 draining']],
    ['the same addresses', usable, usable, [null, 'all its addresses are taken from references before it']],
  ])('%s', (_what, first, second, why) => {
    const views = viewOrigins(arranged({ 'a/words': first, 'b/words': second }), NOW)
    expect(views.map((view) => view.why)).toEqual(why)
    expect(views.map((view) => view.used)).toEqual(why.map((text) => text === null))
  })

  test('for a subset that only the next one has', () => {
    const sets = { 'a/words': ready(at('x')), 'b/words': ready(at('y', { tags: ['v2'] })) }
    const views = viewOrigins(arranged(sets, { subsets: { v2: { tags: ['v2'], meta: {} } } }, 'v2'), NOW)
    expect(views.map((view) => view.why)).toEqual(['it has none for this subset', null])
  })

  test('merged, all that have a usable endpoint of their own are used', () => {
    const sets = { 'a/words': stale('failed', at('x')), 'b/words': ready(at('x'), at('y')), 'c/words': ready(at('x')) }
    expect(viewOrigins(arranged(sets, { merge: true }), NOW)).toMatchObject([
      { ref: 'a/words', used: true, set: { mode: 'stale', age: 5000 } },
      { ref: 'b/words', used: true, set: { mode: 'live', age: 100 } },
      { ref: 'c/words', used: false, why: 'all its addresses are taken from references before it' },
    ])
  })
})

describe('an endpoint is told', () => {
  const view = (sets: Readonly<Record<string, EndpointSet>>, merge = false): unknown => {
    const arrangement = arranged(sets, { merge })
    return arrangement.candidates.map((candidate) => {
      const { address, use, usable, why, ref, mode, confirmed, age, also } = viewCandidate(arrangement, candidate, NOW)
      return { address, use, usable, why, from: `${ref} ${mode} ${confirmed} ${age}`, also: also.map((one) => `${one.ref} ${one.mode} ${one.confirmed} ${one.health} ${one.draining} ${one.held} ${one.age}`) }
    })
  }
  const free = { usable: true, also: [] }

  test('with its reference, that one’s mode and age, and why it waits; those in use come first', () => {
    expect(view({ 'a/words': stale('guarded', at('h', { held: true }), at('z', { health: 'critical' })), 'b/words': stale('disk', at('x')), 'c/words': ready(at('y')) })).toEqual([
      { ...free, address: 'x:80', use: 'used', why: null, from: 'b/words disk 5000 700' },
      { ...free, address: 'y:80', use: 'reserve', why: 'after b/words', from: 'c/words live 100 700' },
      { ...free, address: 'h:80', use: 'reserve', why: 'its registry stopped listing it; kept until that is confirmed', from: 'a/words guarded 5000 700' },
      { ...free, address: 'z:80', use: 'none', usable: false, why: 'critical', from: 'a/words guarded 5000 700' },
    ])
  })

  test('that drains: in use since nothing else is left, in reserve after such, or not used', () => {
    const [leaves, out] = [{ draining: true }, { draining: true, health: 'maintenance' }] as const
    const told = [
      { ...free, address: 'x:80', use: 'last', why: 'draining, and used since nothing else is left', from: 'a/words live 100 700' },
      { ...free, address: 'y:80', use: 'reserve', why: 'draining; after a/words', from: 'b/words live 100 700' },
    ]
    const unused = { ...free, address: 'z:80', use: 'none', usable: false, why: 'draining', from: 'a/words live 100 700' }
    const first = ready(at('x', leaves), at('z', out))
    expect(view({ 'a/words': first, 'b/words': ready(at('y', leaves)) })).toEqual([...told, unused])
    expect(view({ 'a/words': first, 'b/words': ready(at('y')) })).toEqual([
      { ...free, address: 'y:80', use: 'used', why: null, from: 'b/words live 100 700' },
      { ...free, address: 'x:80', use: 'none', usable: false, why: 'draining; used when nothing else is left', from: 'a/words live 100 700' },
      unused,
    ])
    const [origin] = viewOrigins(arranged({ 'a/words': first }), NOW)
    expect(origin).toMatchObject({ used: true, usable: 0, why: 'draining, and used since nothing else is left' })
  })

  test.each([false, true])('with what other references say of its address (merge: %s)', (merge) => {
    expect(view({ 'a/words': stale('failed', at('x')), 'b/words': ready(at('x', { draining: true, learnedAt: NOW - 50 }), at('y')) }, merge)).toEqual([
      { ...free, address: 'y:80', use: 'used', why: null, from: 'b/words live 100 700' },
      { address: 'x:80', use: 'reserve', usable: true, why: 'b/words says draining', from: 'a/words stale 5000 700', also: ['b/words live 100 passing true false 50'] },
    ])
  })
})
