// The name of a gateway among those on one prefix.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'

/**
 * Host name and six hex digits of the path that only this gateway has (its configuration file or state directory). It is the
 * same after a restart, so that a publisher does not wait for the gateway as it was before.
 */
export function gatewayIdOf(path: string): string {
  const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '-')
  return `${host}-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 6)}`
}
