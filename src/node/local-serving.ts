// Serving in this very process: for programs that embed a gateway, and for tests.
import process from 'node:process'
import type { WorkerView } from '../model/admin.ts'
import type { AccessRecord } from '../model/access.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { Revision } from '../model/snapshot.ts'
import { emptyDump, type InstrumentsDump } from '../telemetry/dump.ts'
import { createInstruments } from '../telemetry/instruments.ts'
import { DataPlane } from './data-plane.ts'
import type { Serving } from './serving.ts'
import { createLiveExplain } from '../proxy/signed-explain.ts'
import type { WorkerStart } from './messages.ts'

/** One data plane in the place of workers. */
export class LocalServing implements Serving {
  readonly restarts = 0
  private readonly platform: Platform
  private readonly onAccess: ((access: AccessRecord) => void) | undefined
  private readonly instrumentsHere = createInstruments()
  private readonly startedAt: number
  private plane: DataPlane | undefined

  /** `onAccess` gets the record of each finished request. */
  constructor(platform: Platform, onAccess?: (access: AccessRecord) => void) {
    this.platform = platform
    this.onAccess = onAccess
    this.startedAt = platform.wallClock()
  }

  async start(options: WorkerStart): Promise<Readonly<Record<string, number>>> {
    const { platform } = this
    const plane = new DataPlane({
      platform,
      record: (access) => {
        this.instrumentsHere.record(access)
        this.onAccess?.(access)
      },
      onRefused: (listener, _client, error) => this.instrumentsHere.refuse(listener, error.reason),
      ...(options.zone === undefined ? {} : { zone: options.zone }),
      ...(options.explainSecret === undefined ? {} : { explain: createLiveExplain(options.explainSecret, platform) }),
    })
    this.plane = plane
    for (const [ref, set] of options.sets) plane.useSet(ref, set)
    if (options.table !== undefined) plane.useTable(options.table.config, options.table.revision)
    const ports: Record<string, number> = {}
    for (const listener of options.listeners) ports[listener.name] = await plane.listen(listener, false)
    return ports
  }

  async useTable(config: TableConfig, revision: Revision, labels: ReadonlySet<string>, sets: RefSets): Promise<void> {
    this.plane?.useTable(config, revision, sets)
    this.instrumentsHere.retain(new Set(config.routes.map(({ name }) => name)), labels)
  }

  useSet(ref: string, set: EndpointSet): void {
    this.plane?.useSet(ref, set)
  }

  async instruments(): Promise<InstrumentsDump> {
    return this.plane === undefined ? emptyDump() : this.instrumentsHere.export(this.plane.live())
  }

  workers(): readonly WorkerView[] {
    return [{ id: 0, pid: process.pid, state: 'running', startedAt: this.startedAt, revision: this.plane?.snapshot.revision.number ?? 0 }]
  }

  reopenLogs(): void {}

  async stop(limit: number): Promise<void> {
    await this.plane?.stop(limit)
  }
}
