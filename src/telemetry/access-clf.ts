// The access log in the Combined Log Format, which every log tool reads, followed by what only a gateway knows.
import type { AccessRecord } from '../model/access.ts'
import { escapeQuoted } from './access-format.ts'
import type { AccessFormat } from './access-format.ts'
import { createTimestamps } from './timestamp.ts'

const timestamps = createTimestamps()

export const accessClf: AccessFormat = {
  name: 'clf',
  doc: 'Combined Log Format (the referrer is always -), then host, reason, route, service, endpoint, tries, milliseconds, revision, content hash of the table, and request id.',
  format: (access) =>
    `${word(access.client)} - - [${timestamps.clf(access.startedAt)}] "${escapeQuoted(access.method)} ${escapeQuoted(access.target)} HTTP/1.1" ${access.status} ${access.bytesOut === 0 ? '-' : access.bytesOut}` +
    ` "-" "${access.userAgent === '' ? '-' : escapeQuoted(access.userAgent)}"${gatewayFields(access)}\n`,
}

function gatewayFields(access: AccessRecord): string {
  return ` ${word(access.host)} ${word(access.reason)} "${escapeQuoted(access.route)}" "${escapeQuoted(access.service)}" ${word(access.endpoint)} ${access.attempts} ${Math.round(access.duration * 10) / 10} ${access.revision} ${word(access.table)} ${word(access.requestId)}`
}

/** An unquoted field: what is empty becomes a dash, and a space cannot start another field. */
function word(text: string): string {
  if (text === '') return '-'
  const escaped = escapeQuoted(text)
  return escaped.includes(' ') ? escaped.replaceAll(' ', String.raw`\x20`) : escaped
}
