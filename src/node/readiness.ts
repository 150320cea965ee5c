// Whether a gateway may get traffic, and if not, why.
import type { ServiceEndpoints, Snapshot } from '../model/snapshot.ts'

export interface ReadinessView {
  draining(): boolean
  /** Whether listeners were told to open. */
  serves(): boolean
  /** Whether a worker accepts connections. */
  accepts(): boolean
  /** What requests are decided by now; undefined before the first table. */
  snapshot(): Snapshot | undefined
}

/**
 * Gives the reasons against, none when it may. One service that is known is enough: not to be ready because one registry of many is
 * down would take away what the others name. Who was ready once stays so until it drains, whatever later tables name.
 */
export function createReadiness(gateway: ReadinessView): () => readonly string[] {
  let knew = false
  return () => {
    const snapshot = gateway.snapshot()
    const reasons = [...(gateway.draining() ? ['draining'] : []), ...(snapshot === undefined ? ['no table yet'] : []), ...(gateway.accepts() ? [] : [gateway.serves() ? 'no worker accepts connections' : 'starting'])]
    if (knew || snapshot === undefined) return reasons
    const unknown = whyNothingIsKnown(snapshot.services)
    if (unknown !== undefined) return [...reasons, unknown]
    knew = reasons.length === 0
    return reasons
  }
}

/** Undefined when a registry has said something of any service, in this run or in one before, or when addresses are written in the table. */
function whyNothingIsKnown(services: readonly ServiceEndpoints[]): string | undefined {
  const origins = services.flatMap((service) => service.origins)
  const [first] = origins
  if (first === undefined || origins.some(({ set }) => set.kind !== 'pending')) return undefined
  const cause = first.set.kind === 'pending' ? first.set.cause?.message : undefined
  return `no registry has answered yet: ${first.ref}: ${cause ?? 'not asked'}`
}
