// Checks a document against its schema, and keeps what is right of a document that is wrong.
import type { z } from 'zod'
import type { Path, Source } from './document.ts'
import { findingsOf, knownKeys, valueAt, type Finding } from './problems.ts'
import { prune } from './prune.ts'
import type { Numbered } from './resolve.ts'
import type { TableBody } from './schema/config.ts'
import type { RouteBody } from './schema/routes.ts'

/** What is right of a document, and what is wrong with it. */
export interface Checked<Body> {
  readonly body?: Body
  readonly findings: readonly Finding[]
  /** Places in the list as written of the routes in `body`. */
  readonly indices: readonly number[]
}

/**
 * Checks against the schema. When something is wrong, what is wrong is left out and the rest looked at further, so that names are
 * checked in the same go: first the wrong keys of an entry go, then entries that are still wrong.
 */
export function checkDocument<Schema extends z.ZodType>(schema: Schema, source: Source, failed: readonly Finding[]): Checked<z.output<Schema>> {
  const first = schema.safeParse(source.value, { error: knownKeys })
  const all = indicesOf(valueAt(source.value, ['routes']))
  if (first.success) return { body: first.data, findings: [], indices: all }
  const findings = findingsOf(first.error.issues, source).filter((finding) => !failed.some((before) => startsWith(finding.path, before.path)))
  const trimmed = prune(source.value, first.error.issues, 3)
  const second = schema.safeParse(trimmed)
  if (second.success) return { body: second.data, findings, indices: all }
  const third = schema.safeParse(prune(trimmed, second.error.issues, 2))
  const gone = new Set(second.error.issues.flatMap(({ path }) => (path[0] === 'routes' ? [path[1]] : [])))
  return { ...(third.success ? { body: third.data } : {}), findings, indices: all.filter((i) => !gone.has(i)) }
}

function indicesOf(list: unknown): number[] {
  return Array.isArray(list) ? list.map((_, i) => i) : []
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, i) => path[i] === step)
}

/** The routes of a checked document with their places as written. */
export function numbered({ body, indices }: Checked<TableBody>): Numbered {
  return (body?.routes ?? []).map((route, i): [number, RouteBody] => [indices[i] ?? i, route])
}
