// Twitter's serversets in ZooKeeper as a source of endpoints: what Finagle, Linkerd and Aurora write and read.
import type { Rejection, ServiceRef } from '../src/model/discoverer.ts'
import type { Adapter } from './adapter.ts'
import { TLS_PATHS } from './option-words.ts'
import type { Instance } from './reading.ts'
import { decodeServersetNode, isServersetNode, weigh, type Member, type Vector } from './serverset/node.ts'
import { serversetOptions, type ServersetOptions } from './serverset/options.ts'
import { tagsOf } from './text.ts'
import { createZooKeeperDiscoverer, joinPath, type Layout } from './zookeeper/source.ts'

/** The adapter of serversets. */
export const serverset: Adapter = {
  type: 'zk',
  doc: 'Endpoints from Twitter’s serversets in ZooKeeper, followed by watches over one session.',
  needs: ['tcp'],
  paths: ['authFile', ...TLS_PATHS],
  schema: serversetOptions,
  ref: { example: 'zk/twitter/service/web?endpoint=http', options: { endpoint: 'Name in `additionalEndpoints` to use in place of `serviceEndpoint`; members without it are passed over.' } },
  create(name, written, platform, capabilities = {}) {
    const options = serversetOptions.parse(written)
    return createZooKeeperDiscoverer(name, options, layoutOf(options), platform, capabilities)
  },
}

function layoutOf(options: ServersetOptions): Layout<Member | Vector> {
  return {
    accepts: isServersetNode,
    decode: decodeServersetNode,
    pathOf: (ref) => joinPath(options.path, ref.name),
    instances: (values, ref) => instancesOf(values, ref, options),
  }
}

function instancesOf(values: ReadonlyMap<string, Member | Vector>, ref: ServiceRef, options: ServersetOptions): { readonly instances: readonly Instance[]; readonly rejected: readonly Rejection[] } {
  const vectors = [...values.values()].filter((value) => value.kind === 'vector')
  const wanted = ref.options['endpoint']
  const instances = [...values].flatMap(([name, member]): Instance[] => {
    if (member.kind === 'vector') return []
    const address = wanted === undefined ? member.main : member.additional.get(wanted)
    if (address === undefined) return []
    const { weight, priority } = weigh(name, member, address, vectors)
    return [{ id: name, ...address, weight, zone: member.metadata.get(options.zoneKey), tags: tagsOf(member.metadata.get(options.tagsKey)), meta: metaOf(member, priority), health: member.health, draining: member.draining }]
  })
  return { instances, rejected: [] }
}

// Subsets can choose by shard and by priority, which is not 1 only where a vector says so.
function metaOf(member: Member, priority: number): Record<string, unknown> {
  const meta: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [key, value] of member.metadata) meta[key] = value
  if (member.shard !== undefined) meta['shard'] = String(member.shard)
  if (priority !== 1) meta['priority'] = String(priority)
  return meta
}
