// How long ago a Consul server had contact with its leader, which says whether what it tells is still true. Answers of the streaming
// backend do not say: they carry a contact of 0 and no known leader, on a healthy server and on one that has been alone for hours.
import type { Platform } from '../../src/model/platform.ts'
import { withDeadline } from '../deadline.ts'
import type { HttpAnswer } from '../http.ts'
import type { Call, ConsulClient, ReadOptions } from './client.ts'

/** What was asked for holds for so long, milliseconds: however many services are watched, one question is enough for all of them. */
const HOLDS_FOR = 5000
/** Longest time of that question, milliseconds. One without an answer proves nothing. */
const PATIENCE = 2000

/** What was last heard of each agent and datacenter. */
export type Contacts = Map<string, { readonly at: number; readonly contact: Promise<number> }>

/** Whether an answer was given by the streaming backend, which never says how long it has been without a leader. */
export function isStreamed(answer: HttpAnswer | undefined): boolean {
  return answer?.headers.get('x-consul-query-backend') === 'streaming'
}

/** Milliseconds since the server that gave an answer had contact with its leader, as the answer has it; 0 where it does not say. */
export function contactIn(answer: HttpAnswer | undefined): number {
  const contact = Number(answer?.headers.get('x-consul-lastcontact') ?? 0)
  return contact > 0 ? contact : 0
}

/**
 * Milliseconds since the server behind an agent had contact with its leader, asked for by the smallest question that says it: servers list
 * themselves as `consul`. Who may not read that gets an empty list, with the same headers. 0 where there is no answer.
 */
export async function askContact(contacts: Contacts, platform: Platform, { address, client, options }: { readonly address: string; readonly client: ConsulClient; readonly options: ReadOptions }): Promise<number> {
  const { dc, token } = options
  const key = `${address} ${dc ?? ''}`
  const now = platform.now()
  const known = contacts.get(key)
  if (known !== undefined && now - known.at < HOLDS_FOR) return known.contact
  const contact = withDeadline(
    platform,
    PATIENCE,
    options.ctx.signal,
    async (signal) => {
      const call: Call = { signal, headers: {} }
      await client.health.service({ service: 'consul', stale: true, ...(dc === undefined ? {} : { dc }), ...(token === undefined ? {} : { token }), ctx: call }).catch(() => undefined)
      return contactIn(call.answer)
    },
    () => 0,
  )
  contacts.set(key, { at: now, contact })
  return contact
}
