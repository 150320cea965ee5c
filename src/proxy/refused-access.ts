// The log line of what was refused before it was a request.
import type { AccessRecord } from '../model/access.ts'
import type { GatewayError } from '../model/error.ts'

/** A record with what is known: who, when and why. */
export function refusedAccess(listener: string, client: string, error: GatewayError, at: number): AccessRecord {
  return {
    startedAt: at, duration: 0, listener, client, method: '-', host: '', target: '-', status: error.status, reason: error.reason, route: '', service: '',
    endpoint: '', attempts: 0, bytesIn: 0, bytesOut: 0, revision: 0, table: '', requestId: '', upgrade: '', userAgent: '',
  }
}
