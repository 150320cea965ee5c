// Labels that a registry's entry carries and that are too long, too many or not text: a route of which a part is missing is not served.
import { expect, test } from 'vitest'
import { admit } from '../../../discovery/admit.ts'
import { instancesOf } from '../../../src/tags/instances.ts'
import { asked, assembled, reasons } from '../../support/tagged.ts'

const LONG = `${'10.0.0.0/8, '.repeat(200)}10.0.0.0/8`

/** What the tags and metadata of one instance come to, all the way from the registry. */
function from(tags: readonly string[], meta: Readonly<Record<string, string>> = {}) {
  const { endpoints } = admit([{ id: 'n1/words-1', host: '10.0.0.1', port: 8080, health: 'passing', tags, meta }], { registry: 'consul', allowLinkLocal: false, at: 1 })
  return assembled([{ registry: 'consul', ref: 'consul/words', name: 'words', unlisted: false, instances: instancesOf({ kind: 'ready', endpoints, at: 1 }) }])
}

test.each<[name: string, tags: readonly string[], meta: Record<string, string>]>([
  ['an access list of Fairlead', ['fairlead.route=a.test/**', `fairlead.route.allow=${LONG}`], {}],
  ['the middlewares of a router of Traefik', ['traefik.http.routers.r.rule=Host(`a.test`)', `traefik.http.routers.r.middlewares=${'m,'.repeat(1100)}m`], {}],
  ['an access list of Traefik in metadata', [], { 'traefik.http.routers.r.rule': 'Host(`a.test`)', 'traefik.http.routers.r.middlewares': 'm', 'traefik.http.middlewares.m.ipallowlist.sourcerange': LONG }],
  ['a label with a control character', ['fairlead.route=a.test/**', 'fairlead.route.allow=10.0.0.0/8\n'], {}],
  ['a label beyond the 128th', ['fairlead.route=a.test/**', ...Array.from({ length: 127 }, (_none, n) => `v${n}`), 'fairlead.route.allow=10.0.0.0/8'], {}],
  ['one among hundreds', ['fairlead.route=a.test/**', ...Array.from({ length: 500 }, (_none, n) => `v${n}`), 'fairlead.route.allow=10.0.0.0/8'], {}],
])('%s that was left out takes its route with it, and says so', (_name, tags, meta) => {
  const made = from(tags, meta)
  expect(asked(made, 'a.test/x')).toBe('none')
  expect(reasons(made)).toEqual(expect.arrayContaining([expect.stringMatching(/….*was left out/), expect.stringMatching(/might be more open|is not defined/)]))
})

test('a tag of Fabio is a whole route: one that was left out takes no other with it', () => {
  const made = from(['urlprefix-a.test/', `urlprefix-b.test/ allow=${LONG.replaceAll('10.0', 'ip:10.0')}`])
  expect([asked(made, 'a.test/x'), asked(made, 'b.test/x')]).toEqual(['consul/words /x', 'none'])
  expect(reasons(made)).toEqual([expect.stringMatching(/^urlprefix-b\.test\/.*…: is over 2048 characters long/)])
})

test('labels that route nothing may be left out without harm', () => {
  const made = from(['fairlead.route=a.test/**', 'x'.repeat(3000)], { note: 'x'.repeat(3000) })
  expect(asked(made, 'a.test/x')).toBe('consul/words /x')
  expect(reasons(made)).toEqual([])
})
