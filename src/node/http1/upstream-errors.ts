// What can go wrong on a connection to an endpoint, in the words of the gateway.
import { codeOf, GatewayError, type GatewayErrorOptions, type Reason } from '../../model/error.ts'

/** A fault of the endpoint. */
export function failure(reason: Reason, message: string, options: GatewayErrorOptions = {}): GatewayError {
  return new GatewayError(reason, message, { side: 'upstream', ...options })
}

/** The connection ended before a response head: in the middle of one, or without a byte, on a connection that had served before or on a new one. */
export function earlyEnd(middle: boolean, reused: boolean, error: Error | undefined): GatewayError {
  if (middle) return failure('upstream_protocol', 'the endpoint closed the connection within a response head', { cause: error })
  // TLS 1.3: an endpoint that does not like our certificate says so after the handshake.
  if (isTlsAlert(error)) return failure('upstream_tls', error.message, { cause: error })
  return failure('upstream_reset', 'the endpoint closed the connection without a response', { retry: reused ? 'stale' : 'reset', cause: error })
}

/** The connection ended within a response. */
export function cutResponse(error: Error | undefined): GatewayError {
  return failure('upstream_incomplete', `the endpoint closed the connection within its response${error === undefined ? '' : ` (${error.message})`}`, { cause: error })
}

/** Nothing of a response body moved in time: the client took nothing, or the endpoint sent nothing. */
export function lateBody(clientPaused: boolean): GatewayError {
  if (clientPaused) return new GatewayError('client_closed', 'the client took no byte of the response in time', { side: 'downstream' })
  return failure('upstream_incomplete', 'no byte of the response body in time')
}

function isTlsAlert(error: Error | undefined): error is Error {
  return codeOf(error).startsWith('ERR_SSL_')
}
