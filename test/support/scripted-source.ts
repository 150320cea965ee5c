// A source that answers what a test says: the machinery under an adapter, without the adapter.
import type { Ask, Reading, Source } from '../../discovery/reading.ts'
import type { TrustOptions } from '../../discovery/discoverer.ts'
import type { ServiceRef } from '../../src/model/discoverer.ts'

export type Listed = Extract<Reading, { kind: 'listed' }>

/** A source that polls each 10 s unless told otherwise, and what it was asked. */
export function polled(answer: (ask: Ask) => Reading, more: Partial<Source> = {}): { readonly source: Source; readonly asks: Ask[] } {
  const asks: Ask[] = []
  const source: Source = { registry: 'r', needs: [], changes: { kind: 'poll', every: 10_000 }, read: async (ask) => (asks.push(ask), answer(ask)), ...more }
  return { source, asks }
}

/** Instances `10.0.0.N:80`. */
export const listed = (...hosts: number[]): Listed => ({ kind: 'listed', instances: hosts.map((n) => ({ id: String(n), host: `10.0.0.${n}`, port: 80, health: 'unknown' as const })) })

export const trust: TrustOptions = { allowEmpty: false, allowLinkLocal: false }
export const ref: ServiceRef = { registry: 'r', name: 'web', options: {} }
