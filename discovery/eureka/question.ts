// One question to one Eureka server, and what its answer means.
import { messageOf } from '../../src/model/error.ts'
import type { UpstreamTlsConfig } from '../../src/model/service-config.ts'
import type { Platform } from '../../src/model/platform.ts'
import { withDeadline } from '../deadline.ts'
import type { Server } from './servers.ts'
import { parseApplications, type Applications } from './wire.ts'
import { ask, beginningOf, later, TooLong, type HttpAnswer } from '../http.ts'
import type { Trouble } from '../reading.ts'

/** Whether there is no answer, among answers of any kind. */
export function isTrouble(answer: { readonly kind: string }): answer is Trouble {
  return answer.kind === 'failed' || answer.kind === 'denied'
}

/** An answer, `refused` when the server answers but has no usable list of changes, or trouble. */
export type Answer = { readonly kind: 'answered'; readonly applications: Applications } | { readonly kind: 'refused' } | Trouble

/** What is asked of whom. */
export interface Question {
  readonly server: Server
  readonly what: 'apps' | 'apps/delta'
  /** Milliseconds. */
  readonly patience: number
  readonly tls: UpstreamTlsConfig | undefined
}

/** What Spring's server makes of a 403 without a word: the error page of its container, which has none either. */
const WORDLESS = /^(\{"timestamp":"[^"]*","status":403,"error":"Forbidden",("message":"(Forbidden)?",)?"path":"[^"]*"\})?$/

/** Asks once. Never rejects. */
export async function askServer(platform: Platform, question: Question, signal: AbortSignal): Promise<Answer> {
  const { server, what, patience, tls } = question
  const headers = { accept: 'application/json', 'user-agent': 'fairlead', ...(server.authorization === undefined ? {} : { authorization: server.authorization }) }
  try {
    const run = (own: AbortSignal): Promise<HttpAnswer> => ask(platform, { url: `${server.base}/${what}`, headers, signal: own, tls })
    const answer = await withDeadline<HttpAnswer | Trouble>(platform, patience, signal, run, ({ message }) => ({ kind: 'failed', message: `${server.base}: ${message}` }))
    return 'kind' in answer ? answer : read(answer, server, what)
  } catch (error) {
    // In a storm the changes of three minutes can be longer than the whole list.
    if (what === 'apps/delta' && error instanceof Error && error.cause instanceof TooLong) return { kind: 'refused' }
    return { kind: 'failed', message: messageOf(error) }
  }
}

function read(answer: HttpAnswer, { base, authorization }: Server, what: Question['what']): Answer {
  const { status, headers, body } = answer
  const trouble = (kind: Trouble['kind'], message: string): Trouble => ({ kind, message: `${base}: ${message}`, ...later(headers) })
  if (status === 200) {
    try {
      return { kind: 'answered', applications: parseApplications(body, headers.get('content-type') ?? '') }
    } catch (error) {
      return what === 'apps/delta' ? { kind: 'refused' } : trouble('failed', messageOf(error))
    }
  }
  const said = beginningOf(body)
  if (status === 401) return trouble('denied', authorization === undefined ? '401; the server wants a user and a password, which belong in the address (http://user:password@host:8761/eureka)' : '401; check user and password in the address')
  // Deltas can be turned off (disableDelta), and a server without them may not know the path.
  if (what === 'apps/delta' && (status === 403 || status === 404)) return { kind: 'refused' }
  // Eureka says nothing else than 403 while it has not copied anything since its start; who denies rights says so.
  if (status === 403 && WORDLESS.test(said)) return trouble('failed', '403 without a word: the server has just started and gives no list yet. If this lasts, check user and password in the address')
  if (status === 403) return trouble('denied', `403 ${said}; check user and password in the address`)
  if (status === 404) return trouble('failed', '404; the address must be the base of the API, such as http://host:8761/eureka')
  return trouble('failed', `${status} ${said}`.trim())
}

/** What several servers came to, as one: rights that are missing are the more telling. */
export function combined(troubles: readonly Trouble[]): Trouble {
  const kind = troubles.some((trouble) => trouble.kind === 'denied') ? 'denied' : 'failed'
  const waits = troubles.flatMap((trouble) => trouble.retryAfter ?? [])
  const shown = troubles.slice(0, 3).map(({ message }) => message)
  const message = [...shown, ...(troubles.length > 3 ? [`and ${troubles.length - 3} more servers`] : [])].join('; ')
  return { kind, message: message === '' ? 'stopped' : message, ...(waits.length === troubles.length && waits.length > 0 ? { retryAfter: Math.min(...waits) } : {}) }
}
