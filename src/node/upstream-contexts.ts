// TLS contexts for connections to services, read again when their files change. Files that cannot be used leave the running
// context in place: a renewal writes one file after the other, and between the two nothing fits.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import { messageOf } from '../model/error.ts'
import type { UpstreamTlsConfig } from '../model/service-config.ts'
import type { Platform } from '../model/platform.ts'
import { readCa, RELOAD_MS, stampOf } from './tls-files.ts'

interface Known {
  readonly context: SecureContext
  /** Of the files as they were last looked at. */
  readonly stamp: string
  readonly checkedAt: number
  /** What is in them now is not what `context` is made of. */
  readonly refused: boolean
}

/** Gives the context of a configuration, one for each distinct one. Throws when its files cannot be used and never could. */
export function upstreamContexts(platform: Platform): (tls: UpstreamTlsConfig) => SecureContext {
  const contexts = new Map<string, Known>()
  return (tls) => {
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('base64')
    const known = contexts.get(key)
    const now = platform.now()
    if (known !== undefined && now - known.checkedAt < RELOAD_MS) return known.context
    const files = [tls.ca, tls.cert, tls.key].filter((file) => file !== undefined)
    const stamp = stampOf(files)
    const next = known === undefined ? { context: upstreamContext(tls), refused: false } : renewed(known, tls, files, stamp, platform)
    contexts.set(key, { ...next, stamp, checkedAt: now })
    return next.context
  }
}

function renewed(known: Known, tls: UpstreamTlsConfig, files: readonly string[], stamp: string, platform: Platform): Pick<Known, 'context' | 'refused'> {
  // Refused ones are tried again, since what kept them from being read need not be in them.
  if (stamp === known.stamp && !known.refused) return known
  try {
    const context = upstreamContext(tls)
    platform.log('info', 'certificates for endpoints reloaded', { files })
    return { context, refused: false }
  } catch (error) {
    // Once for each change, not at each look.
    if (stamp !== known.stamp) platform.log('error', 'changed certificates for endpoints cannot be used, the running ones stay', { files, error: messageOf(error) })
    return { context: known.context, refused: true }
  }
}

function upstreamContext(tls: UpstreamTlsConfig): SecureContext {
  return createSecureContext({
    ...(tls.ca === undefined ? {} : { ca: readCa(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: readFileSync(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: readFileSync(tls.key) }),
  })
}
