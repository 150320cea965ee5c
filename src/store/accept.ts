// What a gateway does with what it finds in a store, as pure decisions: the reader's rules of a store whose history can break
// (a flush, an old replica, a restored backup). Nothing here reads or writes anything.
import type { Pointer } from './pointer.ts'

/** What was last taken from the store. It outlives a restart as the mark of the last good table. */
export type Held =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'version'
      readonly version: number
      readonly epoch: string
      readonly sha256: string
      /** Hash of the plain key at that time, empty for none: it was passed over then, so it must not come back as news. */
      readonly plain: string
    }
  | { readonly kind: 'plain'; readonly sha256: string }

export type Verdict =
  /** It is what we hold. */
  | { readonly kind: 'same' }
  /** Keep what we hold. `isOlder`: the store held a newer one before. */
  | { readonly kind: 'refuse'; readonly message: string; readonly hint: string; readonly isOlder: boolean }
  /** Keep what we hold and say that the store has lost it. */
  | { readonly kind: 'lost'; readonly message: string }
  /** Read and validate it. `warning` is for the log, empty for the ordinary step to a newer version. */
  | { readonly kind: 'read'; readonly warning: string }

/** Names one offered version for ever. */
export function offerKey(offer: { readonly epoch: string; readonly version: number; readonly sha256: string }): string {
  return `${offer.epoch}/${offer.version}/${offer.sha256}`
}

/** Judges a pointer. `limit` is the largest blob in bytes. */
export function judgePointer(held: Held, pointer: Pointer, limit: number): Verdict {
  if (held.kind === 'version' && held.version === pointer.version && held.sha256 === pointer.sha256) return { kind: 'same' }
  if (pointer.bytes > limit) {
    return refuse(`version ${pointer.version} has ${pointer.bytes} bytes, the limit is ${limit}`, 'make the table smaller')
  }
  if (held.kind !== 'version') return { kind: 'read', warning: '' }
  if (held.epoch !== pointer.epoch) {
    return {
      kind: 'read',
      warning: `the store has a new history (epoch ${pointer.epoch}, version ${pointer.version}) in place of epoch ${held.epoch}, version ${held.version}: it was flushed or restored`,
    }
  }
  if (held.version === pointer.version) {
    return refuse(`version ${pointer.version} was rewritten with other content; a version never changes`, 'publish the table again, it gets a new version')
  }
  if (pointer.version > held.version) return { kind: 'read', warning: '' }
  if (pointer.rollback) return { kind: 'read', warning: `rolled back from version ${held.version} to ${pointer.version}` }
  return refuse(
    `the store went back from version ${held.version} to ${pointer.version} without a word: a failover or a restore lost the newer one`,
    'publish the table again, or set "rollback": true in the pointer if it was meant',
    true,
  )
}

/** Judges the plain key when there is no pointer. `sha256` is that of its content. */
export function judgePlain(held: Held, sha256: string, keys: { readonly plain: string; readonly current: string }): Verdict {
  if (held.kind === 'plain') return held.sha256 === sha256 ? { kind: 'same' } : { kind: 'read', warning: '' }
  if (held.kind === 'nothing') return { kind: 'read', warning: '' }
  if (held.plain === sha256) {
    return { kind: 'lost', message: `${keys.current} is gone, and ${keys.plain} holds what it held before version ${held.version}; going on with version ${held.version}. Publish the table again, or change ${keys.plain} to use it` }
  }
  return { kind: 'read', warning: `${keys.current} is gone and ${keys.plain} was written: leaving version ${held.version} for it` }
}

/** What to say when there is neither pointer nor plain key. */
export function judgeNothing(held: Held, keys: { readonly plain: string; readonly current: string }): string {
  if (held.kind === 'nothing') return `neither ${keys.current} nor ${keys.plain} is there: publish a table with \`fairlead routes push FILE --redis URL\``
  const what = held.kind === 'version' ? `${keys.current} (version ${held.version})` : keys.plain
  return `${what} is gone: flushed, another database, a new empty replica, or no right to read it. Going on with the last table; publish it again`
}

function refuse(message: string, hint: string, isOlder = false): Verdict {
  return { kind: 'refuse', message, hint, isOlder }
}
