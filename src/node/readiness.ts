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

export interface Readiness {
  /** The reasons against, none when it may. */
  notReady(): readonly string[]
  /** Whether a registry, by its configured name, may be told of it: what nobody knows but this registry will be known when it can be told. */
  mayAnnounce(registry: string): boolean
}

/**
 * One service that is known is enough: not to be ready because one registry of many is
 * down would take away what the others name. Who was ready once stays so until it drains, whatever later tables name.
 */
export function createReadiness(gateway: ReadinessView): Readiness {
  let knew = false
  const against = (beside?: string): readonly string[] => {
    const snapshot = gateway.snapshot()
    const unknown = knew || snapshot === undefined ? undefined : whyNothingIsKnown(snapshot.services, beside)
    return [
      ...(gateway.draining() ? ['draining'] : []),
      ...(snapshot === undefined ? ['no table yet'] : []),
      ...(gateway.accepts() ? [] : [gateway.serves() ? 'no worker accepts connections' : 'starting']),
      ...(unknown === undefined ? [] : [unknown]),
    ]
  }
  return {
    notReady() {
      const reasons = against()
      knew ||= reasons.length === 0
      return reasons
    },
    mayAnnounce: (registry) => against(registry).length === 0,
  }
}

/** Undefined when a registry has said something of any service, in this run or in one before, when addresses are written in the table, or when all are `beside`'s. */
function whyNothingIsKnown(services: readonly ServiceEndpoints[], beside: string | undefined): string | undefined {
  const origins = services.flatMap((service) => service.origins)
  const first = origins.find(({ ref }) => beside === undefined || !ref.startsWith(`${beside}/`))
  if (first === undefined || origins.some(({ set }) => set.kind !== 'pending')) return undefined
  const cause = first.set.kind === 'pending' ? first.set.cause?.message : undefined
  return `no registry has answered yet: ${first.ref}: ${cause ?? 'not asked'}`
}
