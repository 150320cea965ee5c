// What each adapter says that it needs of a runtime is what it refuses to go without.
import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../../../discovery/adapter.ts'
import { adapters } from '../../../discovery/list.ts'
import { NEEDS } from '../../../discovery/needs.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

/** Of those that have no default. */
const OPTIONS: Readonly<Record<string, object>> = {
  marathon: { address: 'http://m1:8080' },
  eureka: { address: 'http://e1:8761/eureka' },
  k8s: { address: 'https://10.0.0.1:6443', token: 'secret' },
  file: { path: '/endpoints' },
}
const never = (): never => {
  throw new Error('nothing is asked yet')
}
/** Capabilities that are there and are not used. */
const ALL = { connect: never, dns: { servers: () => ['10.0.0.2'], query: never }, files: { read: never, stat: never, resolve: never } } as unknown as Required<Capabilities>
const WITHOUT = { fetch: ALL, tcp: { dns: ALL.dns, files: ALL.files }, dns: { connect: ALL.connect, files: ALL.files }, files: { connect: ALL.connect, dns: ALL.dns } }

describe.each(adapters.map((adapter) => [adapter.type, adapter] as const))('%s', (type, adapter) => {
  const open = (capabilities: Capabilities) => adapter.create('main', OPTIONS[type] ?? {}, fakePlatform(), capabilities)

  test('is made where the runtime has all', () => {
    expect(open(ALL).needs).toEqual(adapter.needs)
  })

  test.each(['tcp', 'dns', 'files'] as const)('without %s it is refused exactly when it says that it needs that', (need) => {
    if (adapter.needs.includes(need)) expect(() => open(WITHOUT[need])).toThrow(`registry main needs ${NEEDS[need]}, which this runtime has not`)
    else expect(open(WITHOUT[need]).needs).toEqual(adapter.needs)
  })
})
