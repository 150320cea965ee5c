// The only place where an error becomes a response.
import type { AccessRecord } from '../model/access.ts'
import { GatewayError, stackOf } from '../model/error.ts'
import type { Exchange } from '../model/exchange.ts'
import { HeaderList } from '../model/headers.ts'
import { isBodiless, type ResponseHead } from '../model/request.ts'
import type { Decision } from '../model/route.ts'
import { applyRules } from './header-rules.ts'
import type { Gateway } from './gateway.ts'
import { phraseOf } from './status.ts'

/** Makes the answer of a route that does not forward, and of no route at all. */
export function localResponse(decision: Exclude<Decision, { kind: 'forward' }>, exchange: Exchange, access: AccessRecord, explanation: string | undefined): [ResponseHead, string] {
  if (decision.kind === 'none') {
    // Before the first table nobody can say that a route is missing: a client may come back.
    access.reason = access.revision === 0 ? 'no_table' : 'no_route'
    return errorResponse(new GatewayError(access.reason, `no route for ${exchange.head.authority}${exchange.head.path}`), access, explanation)
  }
  const { route } = decision.entry
  access.route = route.name
  access.status = decision.status
  const headers = new HeaderList()
  if (decision.kind === 'redirect') headers.append('location', decision.location)
  else for (const [name, value] of decision.headers) headers.append(name, value)
  const body = decision.kind === 'redirect' || isBodiless(decision.status) ? '' : decision.body
  if (body !== '' && !headers.has('content-type')) headers.append('content-type', 'text/plain; charset=utf-8')
  if (route.responseHeaders !== undefined) applyRules(headers, route.responseHeaders, decision.params)
  if (explanation !== undefined) headers.append('fairlead-explanation', explanation)
  return [{ status: decision.status, reason: phraseOf(decision.status), headers }, body]
}

/** Answers a failed request, if anybody is left to answer. */
export async function respondError(gateway: Gateway, exchange: Exchange, access: AccessRecord, thrown: unknown): Promise<void> {
  const error = thrown instanceof GatewayError ? thrown : new GatewayError('internal', 'a defect in the gateway', { cause: thrown })
  // A client that saw its response cut is gone too, and not why.
  access.reason = exchange.gone && access.status === 0 ? 'client_closed' : error.reason
  if (error.reason === 'internal') gateway.platform.log('error', 'request failed by a defect', { requestId: access.requestId, error: stackOf(error.cause ?? error) })
  // A status already set means that the response head is out: the runtime has cut the stream, nothing more can be said.
  if (access.status !== 0 || exchange.gone) return
  await exchange.respond(...errorResponse(error, access, undefined))
}

/** The client gets status, reason and the request's id; what happened in detail is in the log. */
function errorResponse(error: GatewayError, access: AccessRecord, explanation: string | undefined): [ResponseHead, string] {
  access.status = error.status
  const headers = new HeaderList()
  headers.push('fairlead-error', 'fairlead-error', error.reason)
  headers.push('content-type', 'content-type', 'text/plain; charset=utf-8')
  headers.push('x-request-id', 'x-request-id', access.requestId)
  if (error.status === 503) headers.push('retry-after', 'retry-after', '1')
  if (explanation !== undefined) headers.append('fairlead-explanation', explanation)
  return [{ status: error.status, reason: phraseOf(error.status), headers }, `${error.reason} (request ${access.requestId})\n`]
}
