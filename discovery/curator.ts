// Curator's service discovery (curator-x-discovery) in ZooKeeper as a source of endpoints, with what Spring Cloud Zookeeper adds.
import type { Rejection, ServiceRef } from '../src/model/discoverer.ts'
import type { Adapter } from './adapter.ts'
import { decodeCuratorNode, type CuratorInstance } from './curator/node.ts'
import { curatorOptions, type CuratorOptions } from './curator/options.ts'
import { TLS_PATHS } from './option-words.ts'
import type { Instance } from './reading.ts'
import { createZooKeeperDiscoverer, joinPath, type Layout } from './zookeeper/source.ts'

/** The adapter of Curator's service discovery. */
export const curator: Adapter = {
  type: 'curator',
  doc: 'Endpoints from Curator’s service discovery in ZooKeeper (also Spring Cloud Zookeeper), followed by watches over one session.',
  needs: ['tcp'],
  paths: ['authFile', ...TLS_PATHS],
  schema: curatorOptions,
  ref: { example: 'curator/web?ssl=true', options: { ssl: '`true` uses `sslPort` in place of `port`; instances without it are passed over.' } },
  create(name, written, platform, capabilities = {}) {
    const options = curatorOptions.parse(written)
    return createZooKeeperDiscoverer(name, options, layoutOf(options), platform, capabilities)
  },
}

function layoutOf(options: CuratorOptions): Layout<CuratorInstance> {
  return {
    accepts: () => true,
    decode: (name, data) => decodeCuratorNode(name, data, options),
    pathOf: (ref) => joinPath(options.base, ref.name),
    instances: instancesOf,
  }
}

function instancesOf(values: ReadonlyMap<string, CuratorInstance>, ref: ServiceRef): { readonly instances: readonly Instance[]; readonly rejected: readonly Rejection[] } {
  const ssl = ref.options['ssl'] === 'true'
  const instances: Instance[] = []
  const rejected: Rejection[] = []
  for (const [name, { instance, port, sslPort }] of values) {
    if (ssl) {
      if (sslPort !== undefined && sslPort !== null) instances.push({ ...instance, port: sslPort })
    } else if ((port === undefined || port === null) && typeof sslPort === 'number') rejected.push({ id: name, reason: 'has no port but an sslPort; write ?ssl=true to use that' })
    else instances.push({ ...instance, port })
  }
  return { instances, rejected }
}
