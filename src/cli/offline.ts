// A snapshot out of a file, for explaining without a gateway: addresses in the table are endpoints, registries are not asked.
import { resolve } from 'node:path'
import { adapters } from '../../discovery/list.ts'
import { listenersIn } from '../config/names.ts'
import { parseTable } from '../config/parse.ts'
import type { KnownListener } from '../model/listener-config.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { createEndpointBook } from '../proxy/endpoints.ts'
import { nodePlatform } from '../node/platform.ts'
import { compileTable } from '../route/compile.ts'
import { tableHash } from '../store/table-hash.ts'
import { type CliIo, fail } from './io.ts'
import { formatProblem } from './problem.ts'
import { readInput } from './read-input.ts'

/** What a file holds, or undefined after its problems were printed. */
export async function readSnapshot(file: string, json: boolean, io: CliIo): Promise<{ readonly snapshot: Snapshot; readonly listeners: readonly KnownListener[] } | undefined> {
  const text = await readInput(file, io)
  const { table: config, problems } = parseTable(text, { file: file === '-' ? '' : resolve(file), env: io.env, ofConfig: true, adapters })
  if (config === undefined) {
    if (json) fail(io, json, `${file} is not valid`, { problems })
    else for (const problem of problems) io.err(formatProblem(problem, file))
    return undefined
  }
  const platform = nodePlatform(() => undefined)
  const table = compileTable(config)
  const book = createEndpointBook(platform)
  const services = table.services.map((service) => book.build(service, () => ({ kind: 'pending' })))
  const revision = { number: 0, hash: await tableHash(config), origin: `file:${file}`, at: platform.wallClock() }
  return { snapshot: { revision, table, services }, listeners: listenersIn(text, io.env) }
}
