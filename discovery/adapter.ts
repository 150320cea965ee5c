// What an entry of list.ts is: a kind of registry, as configuration, documentation and runtimes see it.
import type { z } from 'zod'
import type { Catalog } from '../src/model/catalog.ts'
import type { Discoverer, Need } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import type { Connect } from './byte-stream.ts'
import type { DnsTransport } from './dns/transport.ts'
import type { FileAccess } from './file/access.ts'

/** What a runtime has beyond `Platform`; an adapter whose needs are not met is refused with a reason. */
export interface Capabilities {
  readonly files?: FileAccess
  readonly dns?: DnsTransport
  readonly connect?: Connect
  /** Where a pod is told to find the API server of its Kubernetes cluster, which holds where the names of the cluster do not resolve. */
  readonly apiServer?: { readonly host: string; readonly port: string }
  /** The gateway's own zone (`zone` of the configuration), where a registry says for which zones an endpoint is. */
  readonly zone?: string
}

/** One kind of registry. */
export interface Adapter {
  /** The word in `type:`; a registry of that name needs no `type`. */
  readonly type: string
  /** One or two sentences for the reference. */
  readonly doc: string
  /** What the reference says of it; `needed` (needs.ts) refuses a runtime that lacks it. */
  readonly needs: readonly Need[]
  /** Options as the user writes them, each field described. */
  readonly schema: z.ZodType
  /** Options that name files, such as `tokenFile` or `tls.ca`: a relative path in one stands beside the configuration file. */
  readonly paths?: readonly string[]
  /** Example of a reference, and the options it may carry after `?` with a line for each. */
  readonly ref: { readonly example: string; readonly options: Readonly<Record<string, string>> }
  /**
   * Makes the discoverer of one configured registry. `name` is the configured name, `options` what the user wrote (it is
   * parsed by `schema` here). Throws a ZodError when the options do not fit, an Error when a capability is missing.
   */
  create(name: string, options: unknown, platform: Platform, capabilities?: Capabilities): Discoverer
  /** Makes the catalogue of one configured registry, where routes can be taken from it (`routesFrom`). As `create`. */
  readonly catalog?: (name: string, options: unknown, platform: Platform, capabilities?: Capabilities) => Catalog
}
