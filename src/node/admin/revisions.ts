// GET /api/revisions: the tables that took effect or were refused, with what each changed.
import type { RevisionView, RevisionsAnswer } from '../../model/admin.ts'
import type { RevisionEntry } from '../../store/revisions.ts'
import type { NameDiff, TableDiff } from '../../store/table-diff.ts'
import type { AdminSource } from './source.ts'

/** Changes listed of one revision; a table of thousands of routes may change whole. */
const MAX_CHANGES = 100

export function revisionsAnswer(source: AdminSource): RevisionsAnswer {
  return { current: source.snapshot()?.revision ?? null, revisions: source.history().map(viewRevision) }
}

function viewRevision(entry: RevisionEntry): RevisionView {
  if (entry.kind === 'rejected') return entry
  const { revision, routes, services, diff } = entry
  return { kind: 'effective', revision, routes, services, changes: changesOf(diff) }
}

function changesOf(diff: TableDiff): string[] {
  const changes = [...named('route', diff.routes), ...named('service', diff.services), ...(diff.reordered ? ['routes reordered'] : [])]
  return changes.length <= MAX_CHANGES ? changes : [...changes.slice(0, MAX_CHANGES), `${changes.length - MAX_CHANGES} more`]
}

function named(noun: string, { added, removed, changed }: NameDiff): string[] {
  return [...added.map((name) => `${noun} ${name} added`), ...removed.map((name) => `${noun} ${name} removed`), ...changed.map((name) => `${noun} ${name} changed`)]
}
