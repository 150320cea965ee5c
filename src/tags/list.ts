// Every dialect of tags. To add one: write its file, put it here, give docs/reference/tags.md its table.
import type { Dialect } from './dialect.ts'
import { fabio } from './fabio.ts'
import { fairlead } from './fairlead.ts'
import { traefik } from './traefik.ts'

/** The dialects, in the order in which routes of one service are made. */
export const dialects: readonly Dialect[] = [fairlead, traefik, fabio]

/** Whether labels may route the service that carries them. */
export function isRouted(labels: readonly string[]): boolean {
  return labels.some((label) => dialects.some((dialect) => dialect.speaks(label)))
}
