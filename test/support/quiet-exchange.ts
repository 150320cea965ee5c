// An exchange whose client sends a whole head without a body and takes whatever comes: for tests of what is decided, not of bytes.
import type { Exchange } from '../../src/model/exchange.ts'
import type { RequestHead } from '../../src/model/request.ts'

/** One that began at `startedAt`, platform milliseconds. */
export function quietExchange(head: RequestHead, startedAt: number): Exchange {
  return {
    head,
    startedAt,
    uploadedAt: 0,
    upgrade: '',
    trustedPeer: false,
    peerAddress: '127.0.0.1',
    peerScheme: 'http',
    gone: false,
    replayable: true,
    bytesIn: 0,
    bytesOut: 0,
    keepBody: () => {},
    holdBody: () => {},
    ruleTrailers: () => {},
    respond: () => Promise.resolve(),
    relay: () => undefined,
  }
}
