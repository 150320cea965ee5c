// What differs between two tables, by the names of routes and services.
import type { TableConfig } from '../model/table-config.ts'
import { sameJson } from './table-hash.ts'

/** Names, in the order of the table that has them. */
export interface NameDiff {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

export interface TableDiff {
  readonly routes: NameDiff
  readonly services: NameDiff
  /** The same routes, none changed, in another order: ties may fall differently. */
  readonly reordered: boolean
}

export function diffTables(before: TableConfig | undefined, after: TableConfig): TableDiff {
  const routes = diffNames(before?.routes ?? [], after.routes)
  return {
    routes,
    services: diffNames(before?.services ?? [], after.services),
    reordered: before !== undefined && isReordered(before, after, routes),
  }
}

function diffNames<T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): NameDiff {
  const old = new Map(before.map((item) => [item.name, item]))
  const now = new Set(after.map(({ name }) => name))
  const isChanged = (item: T): boolean => {
    const was = old.get(item.name)
    return was !== undefined && !sameJson(was, item)
  }
  return {
    added: after.filter(({ name }) => !old.has(name)).map(({ name }) => name),
    removed: before.filter(({ name }) => !now.has(name)).map(({ name }) => name),
    changed: after.filter(isChanged).map(({ name }) => name),
  }
}

function isReordered(before: TableConfig, after: TableConfig, routes: NameDiff): boolean {
  const gone = new Set(routes.removed)
  const fresh = new Set(routes.added)
  const kept = before.routes.filter(({ name }) => !gone.has(name))
  const stayed = after.routes.filter(({ name }) => !fresh.has(name))
  return kept.some(({ name }, index) => stayed[index]?.name !== name)
}
