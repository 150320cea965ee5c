// Marathon as a source of endpoints: apps with their tasks, and pods, listed when its event stream hints at a change.
import type { ServiceRef } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import type { Adapter, Capabilities } from './adapter.ts'
import { commonOf } from './common.ts'
import { createDiscoverer } from './discoverer.ts'
import { TLS_PATHS } from './option-words.ts'
import { readApp, type View } from './marathon/app.ts'
import { createMarathonCatalog } from './marathon/catalog.ts'
import { createMarathonClient, type Answer } from './marathon/client.ts'
import { createFeed, type Feed } from './marathon/feed.ts'
import type { Kind } from './marathon/lists.ts'
import { TaskMemory } from './marathon/memory.ts'
import { marathonOptions, type MarathonOptions } from './marathon/options.ts'
import { readPod } from './marathon/pod.ts'
import type { Reading, Source } from './reading.ts'

/** The feed looks at everything each minute by itself, for all that is watched together; this is only for when it does not. */
const POLL = 90_000

/** The Marathon adapter. */
export const marathon: Adapter = {
  type: 'marathon',
  doc: 'Endpoints from the apps and pods of a Marathon (0.7 to 1.10) or DC/OS, listed when its event stream hints at a change and each minute.',
  needs: ['fetch'],
  paths: ['passwordFile', 'tokenFile', ...TLS_PATHS],
  schema: marathonOptions,
  ref: {
    example: 'marathon/shop/cart?port=http',
    options: {
      port: 'Name or position (from 0) of a port in the app’s definition; default the first with tcp.',
      via: '`task` or `host`, see the option of the registry.',
      kind: '`pod` for a pod; default an app.',
    },
  },
  create(name, written, platform, capabilities = {}) {
    const options = marathonOptions.parse(written)
    const feed = feedOf(name, written, platform, capabilities)
    const open = (ref: ServiceRef, signal: AbortSignal): Pick<Source, 'read' | 'changes'> => openWatch(feed, options, platform, ref, signal)
    return createDiscoverer({ registry: name, needs: ['fetch'], open }, platform, options)
  },
  catalog: (name, written, platform, capabilities = {}) => createMarathonCatalog(name, marathonOptions.parse(written), feedOf(name, written, platform, capabilities), platform),
}

const feeds = commonOf<Feed>()

// Discoverer and catalogue have one event stream.
function feedOf(name: string, written: unknown, platform: Platform, capabilities: Capabilities): Feed {
  return feeds(platform, written, () => createFeed(name, createMarathonClient(name, marathonOptions.parse(written), platform, capabilities), platform))
}

interface Asked {
  readonly id: string
  readonly kind: Kind
  readonly view: View
}

function openWatch(feed: Feed, options: MarathonOptions, platform: Platform, ref: ServiceRef, signal: AbortSignal): Pick<Source, 'read' | 'changes'> {
  const asked = readRef(ref, options)
  if ('reason' in asked) return { read: async () => ({ kind: 'failed', message: asked.reason }), changes: { kind: 'poll', every: POLL } }
  const watched = feed.watch(asked.kind, asked.id, signal)
  const memory = new TaskMemory()
  const understand = (answer: Answer): Reading => {
    if (answer.kind === 'too-long') return { kind: 'failed', message: answer.message }
    if (answer.kind !== 'got') return answer
    if (asked.kind === 'pod') return readPod(answer.value, asked.id, answer.place, asked.view)
    const app = readApp(answer.value, asked.id, answer.place, asked.view, memory)
    memory.listed(app.tasks, platform.now())
    return app.reading
  }
  return {
    async read(ask, own) {
      const { answer, unheard } = await watched.read(ask.purpose === 'confirm', own)
      const reading = understand(answer)
      return reading.kind === 'listed' || reading.kind === 'not-found' ? { ...reading, missed: unheard } : reading
    },
    changes: { kind: 'poll', every: POLL, hint: (_, own) => watched.hint(own) },
  }
}

// `shop/cart` is the app `/shop/cart`. A segment of dots would be another path, and a star is a question of another kind.
function readRef(ref: ServiceRef, options: MarathonOptions): Asked | { readonly reason: string } {
  const id = `/${ref.name.replace(/^\/+/, '')}`
  const segments = id.slice(1).split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..' || /[*:]/.test(segment))) return { reason: `${ref.name} is no id of an app; write it as shop/cart` }
  const { port, via = options.via, kind = 'app' } = ref.options
  if (via !== 'task' && via !== 'host') return { reason: `via=${via} is neither task nor host` }
  if (kind !== 'app' && kind !== 'pod') return { reason: `kind=${kind} is neither app nor pod` }
  const { weightLabel, tagsLabel, family } = options
  return { id, kind, view: { port, via, family, weightLabel, tagsLabel } }
}
