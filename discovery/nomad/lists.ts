// The lists of one service in the namespaces it is looked for in: who is asked, and what a list that lacks something means.
import type { NomadClient, Query } from './client.ts'
import { askList, namespacesWith, type List } from './list.ts'
import type { Ask, Trouble } from '../reading.ts'

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

/** An answer of each namespace. */
export interface Listed {
  readonly lists: readonly List[]
  /** Rights are missing in some, of which this is the last answer there was: why, for people. */
  readonly denied?: string
}

function lastOf(lists: readonly List[]): ReadonlyMap<string, List> {
  return new Map(lists.map((list) => [list.namespace, list]))
}

/** The lists of one watched service. */
export class ServiceLists {
  readonly #client: NomadClient
  readonly #wanted: Wanted
  /** What was listed last, where there are several namespaces; of all of them those in which the service was found. */
  #last: ReadonlyMap<string, List> = new Map()

  constructor(client: NomadClient, wanted: Wanted) {
    this.#client = client
    this.#wanted = wanted
  }

  /** Lists the service in each namespace; `heard` is the index of the newest event that no list has shown yet, 0 for none. */
  async read(ask: Ask, heard: bigint, signal: AbortSignal): Promise<Listed | Trouble> {
    const lists: List[] = []
    const kept: List[] = []
    let denied: Trouble | undefined
    let { namespaces } = this.#wanted
    if (namespaces.includes('*')) {
      // A list of one service is of one namespace.
      const all = await this.#question('/v1/services', { namespace: '*' }, ask, heard, signal)
      if (all.kind !== 'list') return all
      lists.push({ ...all, rows: [] })
      // The list of all leaves out without a word what the token may not read any more; asked alone, a namespace says so.
      namespaces = [...new Set([...namespacesWith(all.rows, this.#wanted.service), ...this.#last.keys()])]
    }
    const { service, filter } = this.#wanted
    for (const namespace of namespaces) {
      const list = await this.#question(`/v1/service/${encodeURIComponent(service)}`, { namespace, filter }, ask, heard, signal)
      const last = this.#last.get(namespace)
      if (list.kind === 'list') lists.push(list)
      else if (list.kind === 'failed' || last === undefined) return list
      else {
        // The others are not to stand still for as long as nobody gives the rights back, which may have ended on purpose.
        kept.push(last)
        denied ??= { ...list, message: `${list.message}; ${service} is kept as it was in the namespace ${namespace}` }
      }
    }
    if (denied !== undefined && lists.length === 0) return denied
    const all = [...lists, ...kept]
    if (this.#wanted.namespaces.includes('*')) this.#last = lastOf(all.filter(({ rows }) => rows.length > 0))
    else if (namespaces.length > 1) this.#last = lastOf(all)
    return { lists: all, ...(denied === undefined ? {} : { denied: denied.message }) }
  }

  // It is told to come as far as the event that was heard.
  #question(path: string, query: Query, ask: Ask, heard: bigint, signal: AbortSignal): Promise<List | Trouble> {
    const catchUp = heard > 0n ? { index: String(heard - 1n), wait: `${CATCH_UP}ms` } : {}
    const listed = BigInt(ask.seen ?? 0)
    return askList(this.#client, path, { ...this.#wanted.region, ...query }, catchUp, { confirm: ask.purpose === 'confirm', least: heard > listed ? heard : listed }, signal)
  }
}
