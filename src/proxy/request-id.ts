// The id that ties a response, its log line and the endpoint's own log together.
import type { Platform } from '../model/platform.ts'
import type { RequestHead } from '../model/request.ts'

const ACCEPTED = /^[A-Za-z0-9._:/+=-]{1,128}$/

let prefix = ''
let count = 0

/** The client's own id when it is short and harmless, since it may be the one a person searches for; else a new one. */
export function requestIdOf(head: RequestHead, platform: Platform): string {
  const sent = head.headers.get('x-request-id')
  if (sent !== undefined && ACCEPTED.test(sent)) return sent
  // A random prefix for each process and a counter: unique, and far cheaper than a UUID for each request.
  if (prefix === '') prefix = Math.floor(platform.random() * 2 ** 48).toString(36)
  return `${prefix}-${(count++).toString(36)}`
}
