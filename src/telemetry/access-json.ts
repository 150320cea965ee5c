// The access log as JSON lines: every field of the record, in a fixed order.
import { escapeJson } from './access-format.ts'
import type { AccessFormat } from './access-format.ts'
import { createTimestamps } from './timestamp.ts'

const timestamps = createTimestamps()

export const accessJson: AccessFormat = {
  name: 'json',
  doc: 'One JSON object a line.',
  // By concatenation: JSON.stringify of the same object costs several times as much.
  format: (access) =>
    `{"time":"${timestamps.iso(access.startedAt)}","duration":${milliseconds(access.duration)},"listener":"${escapeJson(access.listener)}","client":"${escapeJson(access.client)}"` +
    `,"method":"${escapeJson(access.method)}","host":"${escapeJson(access.host)}","target":"${escapeJson(access.target)}","status":${access.status},"reason":"${access.reason}"` +
    `,"route":"${escapeJson(access.route)}","service":"${escapeJson(access.service)}","endpoint":"${escapeJson(access.endpoint)}","attempts":${access.attempts}` +
    `,"bytesIn":${access.bytesIn},"bytesOut":${access.bytesOut},"revision":${access.revision},"table":"${access.table}","requestId":"${escapeJson(access.requestId)}","upgrade":"${escapeJson(access.upgrade)}"` +
    `,"userAgent":"${escapeJson(access.userAgent)}"}\n`,
}

/** A duration as a JSON number, to the microsecond. */
function milliseconds(duration: number): number {
  return duration > 0 && duration < Infinity ? Math.round(duration * 1000) / 1000 : 0
}
