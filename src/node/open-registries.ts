// The registries of a configuration, made by their adapters.
import { adapters } from '../../discovery/list.ts'
import type { Config } from '../model/config.ts'
import type { Discoverer } from '../model/discoverer.ts'
import type { Platform } from '../model/platform.ts'
import { nodeCapabilities } from './capabilities.ts'

/** By the name of the registry. Throws with the name of the one that cannot be made. */
export function openRegistries(config: Config, platform: Platform): Map<string, Discoverer> {
  const capabilities = { ...nodeCapabilities, ...(config.zone === undefined ? {} : { zone: config.zone }) }
  return new Map(
    config.registries.map(({ name, type, options }) => {
      const adapter = adapters.find((each) => each.type === type)
      if (adapter === undefined) throw new Error(`registry ${name}: no registry type ${type}; known: ${adapters.map((each) => each.type).join(', ')}`)
      return [name, adapter.create(name, options, platform, capabilities)]
    }),
  )
}
