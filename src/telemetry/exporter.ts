// The contract of a metrics exporter: how a reader of one kind wants the numbers.
import type { InstrumentsDump } from './dump.ts'
import type { Sample } from './metrics.ts'

export interface Exporter {
  /** Where the admin server gives it. */
  readonly path: string
  readonly contentType: string
  /** `extra` is what the main process knows besides the workers' counts. */
  render(dump: InstrumentsDump, extra?: readonly Sample[]): string
}
