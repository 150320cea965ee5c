// Which methods a request may have, wherever it comes from: a connection, a worker's runtime, or a description.
import { GatewayError } from '../model/error.ts'
import { UNHEARD_METHODS } from '../model/request.ts'
import { isMethod } from '../model/token.ts'

/** Throws a GatewayError for what is no token of at most 32 characters, and for those of another kind of proxy. */
export function checkMethod(method: string): void {
  if (!isMethod(method)) throw new GatewayError('bad_request', 'the method is not a token of at most 32 characters', { side: 'downstream' })
  if (UNHEARD_METHODS.includes(method)) throw new GatewayError('method_not_supported', `${method} on an ingress listener`, { side: 'downstream' })
}
