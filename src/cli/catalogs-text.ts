// The registries whose tags make routes, for a terminal: what a user of Fabio or Traefik looks for when a route is not there.
import type { CatalogStatus, RefusedTag } from '../model/tagged.ts'
import { age, columns } from './columns.ts'

/** A line for each registry, in their order, under a heading; nothing where no registry gives routes. `now` is the wall clock, milliseconds. */
export function catalogsText(catalogs: readonly CatalogStatus[], refused: readonly RefusedTag[], now: number): string[] {
  if (catalogs.length === 0) return []
  const rows = catalogs.map(({ registry, mode, services, lastSuccess, cause }) => {
    const bad = refused.filter((tag) => tag.registry === registry && tag.kind === 'refused').length
    const confirmed = lastSuccess === undefined ? 'never confirmed' : `confirmed ${age(Math.max(0, now - lastSuccess))} ago`
    return [registry, mode, counted(services, 'service'), bad === 0 ? '' : `${counted(bad, 'tag')} refused`, confirmed, cause ?? '']
  })
  return ['', 'routes from the tags of', ...columns(rows)]
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
