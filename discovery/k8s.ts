// Kubernetes as a source of endpoints: the EndpointSlices of its API server, by one list and watch for each namespace.
import type { ServiceRef } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import type { Adapter } from './adapter.ts'
import { createDiscoverer } from './discoverer.ts'
import { TLS_PATHS } from './option-words.ts'
import { createK8sClient } from './k8s/client.ts'
import { readEndpoints } from './k8s/endpoints.ts'
import { createK8sFeed, type FeedAnswer, type K8sFeed } from './k8s/feed.ts'
import { inCluster, k8sOptions } from './k8s/options.ts'
import { readK8sRef, type K8sRef } from './k8s/ref.ts'
import type { Ask, Reading, Source } from './reading.ts'

/** A list that is older is asked for again when a full reading is due, milliseconds: one list then serves all services. */
const FULL_AGE = 240_000
/** A confirmation takes a list that another one just asked for, milliseconds. */
const CONFIRM_AGE = 1000
/** Questions are answered from what the feed knows: they may look again soon, the feed itself backs off. Milliseconds. */
const LOOK_AGAIN = 1000

/** The Kubernetes adapter. */
export const k8s: Adapter = {
  type: 'k8s',
  doc: 'Endpoints from the EndpointSlices of a Kubernetes cluster, by one list and watch for each namespace; from inside the cluster or from outside.',
  needs: ['fetch'],
  paths: ['tokenFile', ...TLS_PATHS],
  schema: k8sOptions,
  ref: {
    example: 'k8s/shop/words:http',
    options: { family: '`ipv4` or `ipv6`: which addresses to use of a service that has both; by default IPv4.' },
  },
  create(name, written, platform, capabilities = {}) {
    const given = k8sOptions.parse(written)
    const options = inCluster(given, capabilities.apiServer)
    const client = createK8sClient(name, options, platform, capabilities)
    const feeds = new Map<string, K8sFeed>()
    const feedOf = (namespace: string): K8sFeed => {
      const feed = feeds.get(namespace) ?? createK8sFeed(client, platform, namespace, options.wait, () => feeds.delete(namespace))
      feeds.set(namespace, feed)
      return feed
    }
    const open = (ref: ServiceRef, watch: AbortSignal): Pick<Source, 'read' | 'changes'> => {
      const wanted = readK8sRef(ref, options.namespace)
      const changes = { kind: 'block', wait: options.wait, shared: true } as const
      if (typeof wanted === 'string') return { read: async () => ({ kind: 'failed', message: wanted }), changes }
      const feed = feedOf(wanted.namespace)
      feed.enter(wanted.service, watch)
      const watched: Watched = { feed, ref: wanted, wait: options.wait, zone: capabilities.zone, confirming: createConfirming(platform) }
      return { read: (ask, signal) => readService(watched, ask, signal), changes }
    }
    return createDiscoverer({ registry: name, needs: ['fetch'], open, maxBackoff: LOOK_AGAIN }, platform, options)
  },
}

/** Everything one watch is answered with. */
interface Watched {
  readonly feed: K8sFeed
  readonly ref: K8sRef
  readonly wait: number
  readonly zone: string | undefined
  readonly confirming: Confirming
}

async function readService(watched: Watched, ask: Ask, signal: AbortSignal): Promise<Reading> {
  const { ref, zone } = watched
  const known = await answerOf(watched, ask, signal)
  if (known.kind !== 'known') return { ...known, kind: known.kind === 'denied' ? 'denied' : 'failed' }
  if (ask.purpose === 'follow' && known.version === ask.token) return { kind: 'unchanged', token: known.version }
  const { version: token, age } = known
  if (known.slices.length === 0) return { kind: 'not-found', message: `namespace ${ref.namespace} has no EndpointSlice of a service ${ref.service}`, token, age }
  const found = readEndpoints(known.slices, ref, zone)
  return 'problem' in found ? { kind: 'failed', message: found.problem } : { kind: 'listed', ...found, token, age }
}

function answerOf(watched: Watched, { purpose, token = '', seen, wait: asked }: Ask, signal: AbortSignal): Promise<FeedAnswer> {
  const { feed, ref, wait } = watched
  // While something is being confirmed a question may not wait for a sign of life: the confirmation is due.
  if (purpose === 'follow') return feed.next(ref.service, token, asked < wait ? asked : undefined, signal)
  return purpose === 'full' ? feed.know(ref.service, FULL_AGE, false, signal) : confirmed(watched, seen, signal)
}

async function confirmed({ feed, ref, confirming }: Watched, seen: string | undefined, signal: AbortSignal): Promise<FeedAnswer> {
  const answer = await feed.know(ref.service, CONFIRM_AGE + confirming.since(seen), true, signal)
  if (answer.kind === 'known') confirming.over()
  return answer
}

/** When a confirmation that was not answered yet was first asked for: a list may take longer than a question, and the next one takes any list begun since, or nothing could ever be confirmed. */
interface Confirming {
  /** Milliseconds, 0 for a new one: it is the same one while what is to be confirmed has the same version. */
  since(version: string | undefined): number
  over(): void
}

function createConfirming({ now }: Pick<Platform, 'now'>): Confirming {
  let first: { readonly version: string | undefined; readonly at: number } | undefined
  return {
    since(version) {
      if (first === undefined || first.version !== version) first = { version, at: now() }
      return now() - first.at
    },
    over: () => void (first = undefined),
  }
}
