// What the discoverer and the catalogue of one configured registry have in common: they are given the very same object with its options.
import type { Platform } from '../src/model/platform.ts'

/** Makes a lookup of what belongs to one configured registry: `make` is called once for each platform and object of options. */
export function commonOf<T>(): (platform: Platform, written: unknown, make: () => T) => T {
  const all = new WeakMap<Platform, WeakMap<object, T>>()
  return (platform, written, make) => {
    if (typeof written !== 'object' || written === null) return make()
    const known = all.get(platform) ?? new WeakMap<object, T>()
    all.set(platform, known)
    const common = known.get(written) ?? make()
    known.set(written, common)
    return common
  }
}
