// The lists of one service in the namespaces it is looked for in: who is asked, and what a list that lacks something means.
import type { NomadClient, Query } from './client.ts'
import { namespaceOf } from './entry.ts'
import { askList, servicesIn, type List } from './list.ts'
import type { Ask, DeniedPart, Trouble } from '../reading.ts'

/** How long a server may take to come as far as an event that was heard, milliseconds. */
const CATCH_UP = 1000

/** What is listed. */
export interface Wanted {
  readonly service: string
  readonly region: Query
  readonly filter: string | undefined
  /** `*` is every one that the token may read. */
  readonly namespaces: readonly string[]
}

/** The answers of the namespaces that may be read. */
export interface Listed {
  readonly lists: readonly List[]
  /** The others. */
  readonly denied?: DeniedPart
}

/** The lists of one watched service. */
export class ServiceLists {
  readonly #client: NomadClient
  readonly #wanted: Wanted

  constructor(client: NomadClient, wanted: Wanted) {
    this.#client = client
    this.#wanted = wanted
  }

  /** Lists the service in each namespace; `heard` is the index of the newest event that no list has shown yet, 0 for none. */
  async read(ask: Ask, heard: bigint, signal: AbortSignal): Promise<Listed | Trouble> {
    const { service, filter } = this.#wanted
    const lists: List[] = []
    const denied = new Map<string, Trouble>()
    let { namespaces } = this.#wanted
    if (namespaces.includes('*')) {
      // A list of one service is of one namespace.
      const all = await this.#question('/v1/services', { namespace: '*' }, ask, heard, signal)
      if (all.kind !== 'list') return all
      lists.push({ ...all, rows: [] })
      // The list of all leaves out without a word what the token may not read any more; asked alone, a namespace says so.
      const known = ask.known.map(({ id }) => namespaceOf(id.slice(ask.ref.registry.length + 1)))
      const listed = servicesIn(all.rows).filter(({ name }) => name === service)
      namespaces = [...new Set([...listed.map(({ namespace }) => namespace).sort(), ...known])]
    }
    for (const namespace of namespaces) {
      const list = await this.#question(`/v1/service/${encodeURIComponent(service)}`, { namespace, filter }, ask, heard, signal)
      if (list.kind === 'failed') return list
      if (list.kind === 'list') lists.push(list)
      else denied.set(namespace, list)
    }
    const [first] = denied
    if (first === undefined) return { lists }
    const [namespace, trouble] = first
    if (lists.length === 0) return trouble
    // The others are not to stand still for as long as nobody gives the rights back, which may have ended on purpose.
    const message = `${trouble.message}; ${service} is kept as it was in the namespace ${namespace}`
    return { lists, denied: { message, isOf: (id) => denied.has(namespaceOf(id)) } }
  }

  // It is told to come as far as the event that was heard.
  #question(path: string, query: Query, ask: Ask, heard: bigint, signal: AbortSignal): Promise<List | Trouble> {
    const catchUp = heard > 0n ? { index: String(heard - 1n), wait: `${CATCH_UP}ms` } : {}
    const listed = BigInt(ask.seen ?? 0)
    return askList(this.#client, path, { ...this.#wanted.region, ...query }, catchUp, { confirm: ask.purpose === 'confirm', least: heard > listed ? heard : listed }, signal)
  }
}
