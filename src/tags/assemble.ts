// All tagged services together as one table: deterministic whatever the order in which services and instances come, and made
// so that no service can spoil the route of another.
import type { DestinationConfig, RouteConfig } from '../model/route-config.ts'
import type { ServiceConfig } from '../model/service-config.ts'
import type { RefusedTag, TaggedService, TagTable } from '../model/tagged.ts'
import { tellBehindPrefix } from './behind-prefix.ts'
import { checkDraft } from './check-draft.ts'
import { cutIn, withoutCut } from './cut.ts'
import type { DialectContext, Draft } from './dialect.ts'
import { dialects } from './list.ts'
import { Names } from './names.ts'
import { declared } from './overlap.ts'
import { byMatch, forwards, portionsOf, taken, type Shared } from './sharing.ts'
import { notesOn } from './registry-labels.ts'
import { prioritized } from './traefik-priority.ts'
import { readService, type Entry, type InstanceReading, type Reading } from './variants.ts'

/** Routes of all services; more are refused. */
const MAX_ROUTES = 20_000
/** Refused tags that are listed. */
const MAX_REFUSED = 1000

export interface AssemblerOptions {
  /** Registries in order of precedence. */
  readonly registries: readonly string[]
  readonly listeners: DialectContext['listeners']
  /** By registry, the keys of `registry-labels.ts` that it gives a meaning. */
  readonly meant?: ReadonlyMap<string, readonly string[]>
}

/** Makes tables of tagged services. It remembers what it read, so that a change costs what changed. */
export function createAssembler(options: AssemblerOptions): (services: readonly TaggedService[]) => TagTable {
  const memory = remembering(options)
  /** What each service came to, by its instances: most of them are the very same as before. */
  const known = new WeakMap<TaggedService['instances'], { readonly service: TaggedService; readonly entries: readonly Entry[]; readonly refused: readonly RefusedTag[] }>()
  const read = (service: TaggedService): { readonly entries: readonly Entry[]; readonly refused: readonly RefusedTag[] } => {
    const before = known.get(service.instances)
    if (before !== undefined && isSame(before.service, service)) return before
    const refused: RefusedTag[] = []
    const now = { service, entries: readService(service, memory.reading, (tag) => refused.push(tag)), refused }
    known.set(service.instances, now)
    return now
  }
  return (services) => {
    const refused: RefusedTag[] = []
    const refuse = (tag: RefusedTag): void => void refused.push(tag)
    const ordered = [...services].sort((a, b) => options.registries.indexOf(a.registry) - options.registries.indexOf(b.registry) || compare(a.name, b.name) || compare(a.ref, b.ref))
    const entries = ordered.flatMap((service) => {
      const { entries: own, refused: bad } = read(service)
      for (const tag of bad) refuse(tag)
      return own
    })
    memory.forgetUnused()
    const holders = declared(byMatch(prioritized(entries), refuse), refuse)
    tellBehindPrefix(holders, refuse)
    const table = build(holders, refuse)
    return { table, refused: refused.slice(0, MAX_REFUSED) }
  }
}

function build(all: readonly Shared[], refuse: (tag: RefusedTag) => void): TagTable['table'] {
  const services = new Map<string, ServiceConfig>()
  const routes: RouteConfig[] = []
  const names = new Names()
  for (const shared of all) {
    const [first] = shared
    if (routes.length + first.checked.routes.length > MAX_ROUTES) {
      refuse({ ...taken(first, first), reason: `the tags of all services make more than ${MAX_ROUTES} routes` })
      continue
    }
    const to = forwards(first.checked) ? destinationsOf(shared, services, refuse) : []
    const name = names.unique(`${first.draft.name}@${first.service.registry}`)
    for (const [i, route] of first.checked.routes.entries()) {
      const own = i === 0 ? name : names.unique(`${name}:${i + 1}`)
      routes.push({ ...route, name: own, action: route.action.kind === 'forward' ? { kind: 'forward', to } : route.action })
    }
  }
  return { callers: [], services: [...services.values()], routes }
}

function destinationsOf(shared: Shared, services: Map<string, ServiceConfig>, refuse: (tag: RefusedTag) => void): readonly DestinationConfig[] {
  const [holder] = shared
  return portionsOf(shared, refuse).map(({ group, weight }) => destination(group, holder.checked.service, services, weight))
}

/** The service of a group, in the registries that have it, the first first. */
function destination(group: readonly Entry[], settings: ServiceConfig, services: Map<string, ServiceConfig>, weight: number): DestinationConfig {
  const from = group.map(({ service }) => service.ref)
  const [first] = group
  const labels = group.some((entry) => entry.labels === undefined) ? undefined : group.flatMap((entry) => entry.labels ?? [])
  const plain = JSON.stringify({ ...settings, name: '', from: [] })
  const name = serviceName(from, first?.service.name ?? '', plain, services)
  const known = services.get(name) ?? { ...settings, name, from }
  if (labels === undefined) {
    services.set(name, known)
    return { service: name, weight }
  }
  const key = JSON.stringify(labels)
  const subset = Object.keys(known.subsets).find((each) => JSON.stringify(known.subsets[each]?.labels) === key) ?? `tagged-${Object.keys(known.subsets).length + 1}`
  services.set(name, { ...known, subsets: { ...known.subsets, [subset]: { tags: [], meta: {}, labels } } })
  return { service: name, subset, weight }
}

/** The reference itself, as where a route of a file names it directly; another name when settings differ or there are several. */
function serviceName(from: readonly string[], name: string, settings: string, services: ReadonlyMap<string, ServiceConfig>): string {
  const [only = ''] = from
  const base = from.length === 1 ? only : `${name}@${from.map((ref) => ref.slice(0, ref.indexOf('/'))).join('+')}`
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? base : `${base}:${i}`
    const known = services.get(candidate)
    if (known === undefined) return candidate
    if (JSON.stringify({ ...known, name: '', from: [], subsets: {} }) === settings && JSON.stringify(known.from) === JSON.stringify(from)) return candidate
  }
}

interface Remembering {
  readonly reading: Reading
  /** Drops what the last assembly did not ask for. */
  forgetUnused(): void
}

function remembering({ listeners, meant }: AssemblerOptions): Remembering {
  let [reads, checks] = [new Map<string, InstanceReading>(), new Map<string, ReturnType<Reading['check']>>()]
  let [readNow, checkedNow]: [typeof reads, typeof checks] = [new Map(), new Map()]
  const names = listeners.map(({ name }) => name)
  const once = <T>(before: Map<string, T>, now: Map<string, T>, key: string, make: () => T): T => {
    const known = now.get(key) ?? before.get(key) ?? make()
    now.set(key, known)
    return known
  }
  return {
    reading: {
      read: ({ name: service, registry }, { port, labels }) =>
        once(reads, readNow, JSON.stringify([service, registry, port, labels]), () => {
          const { drafts, refused } = readLabels(labels, { service, port, listeners })
          return { drafts, refused: [...refused, ...notesOn(labels, registry, meant?.get(registry) ?? [])] }
        }),
      check: (draft: Draft) => once(checks, checkedNow, JSON.stringify([draft.routes, draft.service, draft.alternatives]), () => checkDraft(draft, names)),
    },
    forgetUnused() {
      ;[reads, checks] = [readNow, checkedNow]
      ;[readNow, checkedNow] = [new Map(), new Map()]
    },
  }
}

function readLabels(labels: readonly string[], context: DialectContext): InstanceReading {
  const readings = dialects.map((dialect) => {
    const own = labels.filter((label) => dialect.speaks(label))
    const cut = cutIn(labels, dialect)
    const reading = own.length === 0 ? { drafts: [], refused: [] } : dialect.read(own, context)
    return cut.length === 0 ? reading : withoutCut(reading, cut, dialect)
  })
  return { drafts: readings.flatMap(({ drafts }) => drafts), refused: readings.flatMap(({ refused }) => refused) }
}

function isSame(a: TaggedService, b: TaggedService): boolean {
  return a.ref === b.ref && a.name === b.name && a.unlisted === b.unlisted
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
