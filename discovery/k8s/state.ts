// The slices of one namespace as they are known now, and a version of each service that changes with any of its slices.
import { readSlice, renewed, type Slice } from './slice.ts'

/** What is known of a namespace. */
export interface K8sState {
  /** Slices of a service; of two, the one that was written later is later. */
  slicesOf(service: string): readonly Slice[]
  /** Undefined before its first slice. */
  versionOf(service: string): string
  /** Takes one event in; gives the services it changed. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: unknown): readonly string[]
  /** Takes a whole list in the place of all that is known; gives the services that differ. */
  replace(objects: readonly unknown[]): readonly string[]
}

/** Nothing known yet. Only slices of services for which `wants` holds are kept. */
export function createK8sState(wants: (service: string) => boolean): K8sState {
  let byName = new Map<string, Slice>()
  let byService = new Map<string, Map<string, Slice>>()
  const versions = new Map<string, number>()
  let counter = 0

  const bump = (services: Iterable<string>): readonly string[] => {
    const changed = [...new Set(services)]
    for (const service of changed) versions.set(service, ++counter)
    return changed
  }
  const put = (slice: Slice): void => {
    byName.set(slice.name, slice)
    const slices = byService.get(slice.service) ?? new Map<string, Slice>()
    byService.set(slice.service, slices)
    // Behind the others: it was written last.
    slices.delete(slice.name)
    slices.set(slice.name, slice)
  }
  const remove = (name: string): readonly string[] => {
    const slice = byName.get(name)
    if (slice === undefined) return []
    byName.delete(name)
    const slices = byService.get(slice.service)
    slices?.delete(name)
    if (slices?.size === 0) byService.delete(slice.service)
    return [slice.service]
  }
  return {
    slicesOf: (service) => [...(byService.get(service)?.values() ?? [])],
    versionOf: (service) => String(versions.get(service) ?? 0),
    apply(type, object) {
      const slice = readSlice(object)
      if (typeof slice === 'string') return []
      const known = byName.get(slice.name)
      if (type !== 'DELETED' && known?.version === slice.version) return []
      // Also when it went over to another service.
      const before = remove(slice.name)
      if (type === 'DELETED' || !wants(slice.service)) return bump(before)
      put(renewed(known, slice))
      return bump([...before, slice.service])
    },
    replace(objects) {
      const known = byName
      byName = new Map()
      byService = new Map()
      const changed: string[] = []
      const listed = objects.map(readSlice).filter((slice) => typeof slice !== 'string' && wants(slice.service)) as Slice[]
      for (const slice of listed.sort(byAge)) {
        const before = known.get(slice.name)
        known.delete(slice.name)
        const same = before?.version === slice.version && before.service === slice.service
        put(same ? before : renewed(before, slice))
        if (!same) changed.push(slice.service, ...(before === undefined ? [] : [before.service]))
      }
      return bump([...changed, ...[...known.values()].map(({ service }) => service)])
    },
  }
}

// Nothing but the order of one list hangs on this: versions are opaque, but where they are numbers they are revisions of one store.
function byAge(a: Slice, b: Slice): number {
  return /^\d{1,15}$/.test(a.version) && /^\d{1,15}$/.test(b.version) ? Number(a.version) - Number(b.version) : 0
}
