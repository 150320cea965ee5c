// The way of tables from the store to the snapshot: each is put in force whole or refused whole, and the store is told which.
import type { RefSets } from '../model/endpoint.ts'
import { stackOf } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import type { Table } from '../model/route.ts'
import type { RouteStore, StoreEvent } from '../model/store.ts'
import type { TableConfig } from '../model/table-config.ts'
import { compileTable } from '../route/compile.ts'
import { TableError } from '../route/table-error.ts'
import type { Revisions } from '../store/revisions.ts'
import type { SetRelay } from './set-relay.ts'

export interface TableIntakeOptions {
  readonly store: RouteStore
  readonly platform: Platform
  readonly relay: SetRelay
  readonly revisions: Revisions
  /** A table is in force in this process, with these sets. Resolves when it is wherever it is served, which is waited for before the store is told. */
  readonly inForce: (config: TableConfig, sets: RefSets) => Promise<void>
}

/** Takes what a route store says, one word after another. */
export class TableIntake {
  /** Tables that were refused in this run. */
  rejected = 0
  private readonly options: TableIntakeOptions

  constructor(options: TableIntakeOptions) {
    this.options = options
  }

  /** Ends with the signal; a defect costs the table that it shows on. */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const event of this.options.store.watch(signal)) {
      try {
        await this.take(event)
      } catch (error) {
        this.options.platform.log('error', 'a defect while taking a table', { error: stackOf(error) })
      }
    }
  }

  /** One word from the store. */
  private async take(event: StoreEvent): Promise<void> {
    const { platform, relay, revisions } = this.options
    if (event.kind === 'table') {
      const { table, origin, sets = [] } = event
      return relay.tableMadeOf(sets, await this.apply(table, origin, sets))
    }
    if (event.kind === 'unavailable') return platform.log('warn', 'the route store cannot be read; the running table stays', { origin: event.origin, cause: event.message })
    if (event.kind === 'confirmed') {
      revisions.confirm()
      return platform.log('info', 'the route store answers again', { origin: event.origin })
    }
    this.rejected++
    revisions.reject(event.origin, event.problems)
    platform.log('error', 'a table was refused; the running one stays', { origin: event.origin, problems: event.problems.map(({ path, line, message, hint }) => `${line > 0 ? `line ${line}: ` : ''}${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`) })
  }

  /** Makes a table effective everywhere, or refuses it whole. True when it is now in force and was not before. */
  private async apply(config: TableConfig, origin: string, brought: RefSets): Promise<boolean> {
    const { store, platform, relay, revisions, inForce } = this.options
    const compiled = compiledOrProblems(config)
    if ('problems' in compiled) {
      await this.refuse(origin, compiled.problems)
      return false
    }
    const { revision, isNew } = await revisions.offer(config, origin)
    if (isNew) {
      const sets = relay.setsWith(compiled, brought)
      relay.useTable(compiled, revision, sets)
      await inForce(config, sets)
      platform.log('info', 'table in force', { revision: revision.number, hash: revision.hash, origin, routes: config.routes.length })
    }
    await store.acknowledge?.(origin, 'applied', '')
    return isNew
  }

  private async refuse(origin: string, problems: Problems): Promise<void> {
    const { store, platform, revisions } = this.options
    this.rejected++
    revisions.reject(origin, problems.map(({ path, message }) => ({ severity: 'error' as const, path, line: 0, column: 0, message })))
    platform.log('error', 'a table does not compile; the running one stays', { origin, problems })
    await store.acknowledge?.(origin, 'rejected', problems.map(({ path, message }) => `${path}: ${message}`).join('; '))
  }
}

type Problems = readonly { readonly path: string; readonly message: string }[]

function compiledOrProblems(config: TableConfig): Table | { readonly problems: Problems } {
  try {
    return compileTable(config)
  } catch (error) {
    return { problems: error instanceof TableError ? error.problems : [{ path: '', message: String(error) }] }
  }
}
