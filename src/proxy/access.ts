// The record of one request: begun when its head is there, finished whatever happens.
import type { AccessRecord } from '../model/access.ts'
import { stackOf } from '../model/error.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Gateway } from './gateway.ts'
import { requestIdOf } from './request-id.ts'

/** Starts the record with what the head says. */
export function beginAccess(gateway: Gateway, { revision }: Snapshot, exchange: Exchange): AccessRecord {
  const { head } = exchange
  return {
    startedAt: gateway.platform.wallClock(),
    duration: 0,
    listener: head.listener,
    client: head.source.address,
    method: head.method,
    host: head.authority,
    target: head.query === '' ? head.path : head.path + head.query,
    status: 0,
    reason: '',
    route: '',
    service: '',
    endpoint: '',
    attempts: 0,
    bytesIn: 0,
    bytesOut: 0,
    revision: revision.number,
    table: revision.hash,
    requestId: requestIdOf(head, gateway.platform),
    upgrade: '',
    userAgent: head.headers.get('user-agent') ?? '',
  }
}

/** Completes the record and hands it out. Never throws: the request is over, and nobody could catch what goes wrong here. */
export function finishAccess(gateway: Gateway, exchange: Exchange, access: AccessRecord): void {
  access.duration = gateway.platform.now() - exchange.startedAt
  access.bytesIn = exchange.bytesIn
  access.bytesOut = exchange.bytesOut
  try {
    gateway.record(access)
  } catch (defect) {
    gateway.platform.log('error', 'the record of a request is lost by a defect', { requestId: access.requestId, error: stackOf(defect) })
  }
}
