// The one error that is nobody's fault here.
import { GatewayError } from '../../model/error.ts'

/** What a request ends with whose client has left. */
export function clientClosed(): GatewayError {
  return new GatewayError('client_closed', 'the client went away', { side: 'downstream' })
}
