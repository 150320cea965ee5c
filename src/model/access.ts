// The one record of a finished request, from which logs and metrics are made.
import type { Reason } from './error.ts'

export interface AccessRecord {
  /** Wall clock at the first byte of the head, milliseconds. */
  startedAt: number
  /** First byte of the head to last byte of the response, milliseconds. */
  duration: number
  listener: string
  /** Client address as trusted. */
  client: string
  method: string
  host: string
  /** Path with query, as received after normalisation. */
  target: string
  /** Response status; 0 when the client left before one. */
  status: number
  /** Why the gateway answered itself or cut the response; empty when the endpoint's answer went through whole. */
  reason: Reason | ''
  /** Name of the route; empty without one. */
  route: string
  /** Service label (`words/v2`); empty unless forwarded. */
  service: string
  /** `host:port` of the last endpoint tried; empty without one. */
  endpoint: string
  attempts: number
  /** Body bytes from and to the client. */
  bytesIn: number
  bytesOut: number
  /** Number of the table's revision; 0 when there was no table, or none was asked. */
  revision: number
  /** Content hash of the table, 12 hex digits: the same in every gateway that serves it, and after a restart. Empty for none. */
  table: string
  requestId: string
  /** Token of the upgrade (`websocket`), empty for none. */
  upgrade: string
  userAgent: string
}
