// Tagged services for tests, and what the table made of them does with a request, in one line.
import type { ExplainRequest } from '../../src/model/admin.ts'
import type { TaggedInstance, TaggedService, TagTable } from '../../src/model/tagged.ts'
import { describedHead } from '../../src/proxy/described-head.ts'
import { compileTable } from '../../src/route/compile.ts'
import { decide } from '../../src/route/decide.ts'
import { createAssembler, type AssemblerOptions } from '../../src/tags/assemble.ts'

/** One instance `SERVICE-N` for each list of labels. */
export function tagged(name: string, ...instances: readonly (readonly string[] | (Partial<TaggedInstance> & Pick<TaggedInstance, 'labels'>))[]): TaggedService {
  const all = instances.map((given, i): TaggedInstance => ({ id: `consul/n1/${name}-${i + 1}`, port: 8080, usable: true, ...('labels' in given ? given : { labels: given }) }))
  return { registry: 'consul', ref: `consul/${name}`, name, unlisted: false, instances: all }
}

/** Assembles with a listener `http`, and the registries `consul` and `nomad`. */
export function assembled(services: readonly TaggedService[], options: Partial<AssemblerOptions> = {}): TagTable {
  return createAssembler({ registries: ['consul', 'nomad'], listeners: [{ name: 'http', tls: false }], ...options })(services)
}

/** `consul/words GET-path host`, `redirect 301 …`, `respond 403`, `none`. */
export function asked({ table }: TagTable, line: string, more: Partial<ExplainRequest> & { readonly roll?: number } = {}): string {
  const [method = '', url = ''] = line.includes(' ') ? line.split(' ') : ['GET', line]
  const head = describedHead({ method, url, ...more }, { callers: [], listener: 'http' })
  const decision = decide(compileTable(table), head, { wallClock: 0, roll: more.roll ?? 0 })
  if (decision.kind === 'redirect') return `redirect ${decision.status} ${decision.location}`
  if (decision.kind === 'respond') return `respond ${decision.status}`
  if (decision.kind === 'none') return 'none'
  return `${decision.destination.label} ${decision.target}${decision.authority === head.authority ? '' : ` as ${decision.authority}`}`
}

/** What was refused or noted, as `tag: reason`. */
export function reasons({ refused }: TagTable): readonly string[] {
  return refused.map(({ tag, reason }) => `${tag}: ${reason}`)
}
