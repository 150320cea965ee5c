// Every generated file with its text.
import { adapters } from '../../discovery/list.ts'
import { configPage } from './config-page.ts'
import { configJsonSchema } from './json-schema.ts'
import { reasonsPage } from './reasons-page.ts'

/** Paths from the root of the repository, with what must stand in them. */
export function generated(): ReadonlyMap<string, string> {
  return new Map([
    ['fairlead.schema.json', `${JSON.stringify(configJsonSchema(adapters), null, 2)}\n`],
    ['docs/reference/config.md', configPage(adapters)],
    ['docs/reference/reasons.md', reasonsPage()],
  ])
}
