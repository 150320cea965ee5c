// TLS contexts for connections to services, made anew when their files change.
import { createHash } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import type { UpstreamTlsConfig } from '../model/service-config.ts'
import type { Platform } from '../model/platform.ts'
import { readNamed, secureContext } from './tls-context.ts'
import { readCa, RELOAD_MS, Reloaded } from './tls-files.ts'

interface Known {
  readonly context: Reloaded<SecureContext>
  checkedAt: number
}

/** Gives the context of a configuration, one for each distinct one. Throws when its files cannot be used and never could. */
export function upstreamContexts(platform: Platform): (tls: UpstreamTlsConfig) => SecureContext {
  const contexts = new Map<string, Known>()
  return (tls) => {
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('base64')
    const known = contexts.get(key)
    const now = platform.now()
    if (known !== undefined) {
      if (now - known.checkedAt >= RELOAD_MS) {
        known.checkedAt = now
        known.context.look()
      }
      return known.context.value
    }
    const files = [tls.ca, tls.cert, tls.key].filter((file) => file !== undefined)
    const context = new Reloaded('certificates for endpoints', files, () => upstreamContext(tls), platform)
    contexts.set(key, { context, checkedAt: now })
    return context.value
  }
}

function upstreamContext({ ca, cert, key }: UpstreamTlsConfig): SecureContext {
  const options = {
    ...(ca === undefined ? {} : { ca: readCa(ca) }),
    ...(cert === undefined ? {} : { cert: readNamed(cert) }),
    ...(key === undefined ? {} : { key: readNamed(key) }),
  }
  return secureContext(options, { cert, key })
}
