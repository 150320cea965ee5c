// SRV records and the addresses of their targets as instances.
import type { Rejection } from '../../src/model/discoverer.ts'
import type { SrvData } from '../dns/message.ts'
import type { Located } from '../dns/targets.ts'
import type { Instance } from '../reading.ts'

/** One instance for each address of each record; a record without address is refused alone. */
export function readSrv(records: readonly SrvData[], located: ReadonlyMap<string, Located>): { readonly instances: readonly Instance[]; readonly rejected: readonly Rejection[] } {
  const instances: Instance[] = []
  const rejected: Rejection[] = []
  const weightOf = weights(records)
  for (const record of records) {
    const id = `${record.target}:${record.port}`
    const found = located.get(record.target) ?? { reason: 'has a target without address' }
    if ('reason' in found) {
      rejected.push({ id, reason: found.reason })
      continue
    }
    for (const address of found.addresses) {
      instances.push({
        id: `${id}/${address}`,
        host: address,
        port: record.port,
        // The weight is the target's, whatever the number of its addresses.
        weight: weightOf(record) / found.addresses.length,
        priority: record.priority,
        meta: { target: record.target },
        health: 'unknown',
      })
    }
  }
  return { instances, rejected }
}

// In RFC 2782 a record of weight 0 keeps "a very small chance" beside others: all of them together as much as a weight of 1.
// Where all are 0 they are equal.
function weights(records: readonly SrvData[]): (record: SrvData) => number {
  const zeros = new Map<number, number>()
  const weighted = new Set<number>()
  for (const { priority, weight } of records) {
    if (weight > 0) weighted.add(priority)
    else zeros.set(priority, (zeros.get(priority) ?? 0) + 1)
  }
  return ({ priority, weight }) => (weight > 0 ? weight : weighted.has(priority) ? 1 / (zeros.get(priority) ?? 1) : 1)
}
