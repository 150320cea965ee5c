// The difference between two readings by content. What did not change keeps its very object, so that everything later can
// compare by identity.
import type { Endpoint } from '../src/model/endpoint.ts'
import { lookupIn } from '../src/model/lookup.ts'

/**
 * The endpoints of `next` with the objects of `before` wherever the content is equal, and with the time they were first
 * learned where only the address is. Returns `before` itself when nothing changed at all. Both are in the order of ids.
 */
export function reconcile(before: readonly Endpoint[], next: readonly Endpoint[]): readonly Endpoint[] {
  const known = lookupIn(before, ({ id }) => id)
  const result = next.map((endpoint) => keep(known(endpoint.id), endpoint))
  const same = result.length === before.length && result.every((endpoint, index) => endpoint === before[index])
  return same ? before : result
}

function keep(before: Endpoint | undefined, next: Endpoint): Endpoint {
  if (before === next || before === undefined || before.host !== next.host || before.port !== next.port) return next
  return sameContent(before, next) ? before : { ...next, learnedAt: before.learnedAt }
}

function sameContent(a: Endpoint, b: Endpoint): boolean {
  return (
    a.weight === b.weight &&
    a.priority === b.priority &&
    a.zone === b.zone &&
    a.health === b.health &&
    a.draining === b.draining &&
    a.held === b.held &&
    a.origin === b.origin &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, index) => tag === b.tags[index]) &&
    (a.cut ?? []).join('\n') === (b.cut ?? []).join('\n') &&
    sameMeta(a.meta, b.meta)
  )
}

function sameMeta(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
