// The lists of one service in the namespaces it is looked for in: who is asked, and what a list that lacks something means.
import type { NomadClient, Query, Trouble } from './nomad-client.ts'
import { askList, namespacesWith, type List } from './nomad-list.ts'
import type { Ask } from './reading.ts'

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

/** The lists of one watched service. */
export class ServiceLists {
  readonly #client: NomadClient
  readonly #wanted: Wanted
  /** Where the service was found last, when it is looked for in all namespaces. */
  #found: readonly string[] = []

  constructor(client: NomadClient, wanted: Wanted) {
    this.#client = client
    this.#wanted = wanted
  }

  /** Lists the service in each namespace; `heard` is the index of the newest event that no list has shown yet, 0 for none. */
  async read(ask: Ask, heard: bigint, signal: AbortSignal): Promise<readonly List[] | Trouble> {
    const lists: List[] = []
    let { namespaces } = this.#wanted
    if (namespaces.includes('*')) {
      // A list of one service is of one namespace.
      const all = await this.#question('/v1/services', { namespace: '*' }, ask, heard, signal)
      if (all.kind !== 'list') return all
      lists.push({ ...all, rows: [] })
      // The list of all leaves out without a word what the token may not read any more; asked alone, a namespace says so.
      namespaces = [...new Set([...namespacesWith(all.rows, this.#wanted.service), ...this.#found])]
    }
    const { service, filter } = this.#wanted
    for (const namespace of namespaces) {
      const list = await this.#question(`/v1/service/${encodeURIComponent(service)}`, { namespace, filter }, ask, heard, signal)
      if (list.kind !== 'list') return this.#found.includes(namespace) ? { ...list, message: `${list.message}; ${service} was in the namespace ${namespace} until now` } : list
      lists.push(list)
    }
    if (this.#wanted.namespaces.includes('*')) this.#found = lists.filter(({ rows }) => rows.length > 0).map(({ namespace }) => namespace)
    return lists
  }

  // It is told to come as far as the event that was heard.
  #question(path: string, query: Query, ask: Ask, heard: bigint, signal: AbortSignal): Promise<List | Trouble> {
    const catchUp = heard > 0n ? { index: String(heard - 1n), wait: `${CATCH_UP}ms` } : {}
    const listed = BigInt(ask.seen ?? 0)
    return askList(this.#client, path, { ...this.#wanted.region, ...query }, catchUp, { confirm: ask.purpose === 'confirm', least: heard > listed ? heard : listed }, signal)
  }
}
