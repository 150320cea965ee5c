// Which instances a reference means: those of an application, or those behind a virtual address.
import type { ServiceRef } from '../../src/model/discoverer.ts'
import type { Row } from './wire.ts'

/** What a reference asks for. */
export interface Selector {
  readonly by: 'app' | 'vip' | 'svip'
  /** An application in capitals, a virtual address in small letters: Eureka tells neither by case. */
  readonly name: string
}

/** Reads a reference; a text says what is wrong with it. */
export function selectorOf(ref: ServiceRef): Selector | string {
  const by = ref.options['by'] ?? 'app'
  if (by !== 'app' && by !== 'vip' && by !== 'svip') return `by=${by} is not known; write app, vip or svip`
  return { by, name: by === 'app' ? ref.name.toUpperCase() : ref.name.toLowerCase() }
}

/** Whether an instance is meant. */
export function selects({ by, name }: Selector, row: Row): boolean {
  if (by === 'app') return row.app === name
  return (by === 'vip' ? row.vips : row.svips).includes(name)
}

/** Everything that is watched, so that of a large registry only that is kept. */
export interface Interest {
  /** Adds one watch; the function takes it back. */
  join(selector: Selector): () => void
  /** All that is watched now. */
  keys(): ReadonlySet<string>
}

/** Whether one of these selectors (by their keys) means an instance. */
export function isMeant(keys: ReadonlySet<string>, row: Row): boolean {
  return keys.has(`app ${row.app}`) || row.vips.some((vip) => keys.has(`vip ${vip}`)) || row.svips.some((vip) => keys.has(`svip ${vip}`))
}

/** `app BILLING` */
export function selectorKey({ by, name }: Selector): string {
  return `${by} ${name}`
}

/** Makes an interest in nothing yet. `onIdle` is called when the last watch has left. */
export function createInterest(onIdle: () => void): Interest {
  const watches = new Map<string, number>()
  return {
    join(selector) {
      const key = selectorKey(selector)
      watches.set(key, (watches.get(key) ?? 0) + 1)
      return () => {
        const left = (watches.get(key) ?? 1) - 1
        if (left > 0) watches.set(key, left)
        else watches.delete(key)
        if (watches.size === 0) onIdle()
      }
    },
    keys: () => new Set(watches.keys()),
  }
}
