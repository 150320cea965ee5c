// Endpoints whose connections fail are passed over, each time for longer, and the gateway itself finds out whether they take
// connections again: no request has to be late for that. Finagle's fail fast; Envoy lengthens its ejections in the same way.
import type { EndpointState } from '../model/balancer.ts'
import type { Transport } from '../model/exchange.ts'
import type { Platform } from '../model/platform.ts'
import type { ServiceConfig } from '../model/service-config.ts'

/** Milliseconds for which an endpoint is passed over after one failed connect; doubled by each that follows. */
const FIRST_MS = 2000

/** The longest, milliseconds: so long a server that is back may wait for its first request, when it was away for that long. */
const LONGEST_MS = 30_000

/** A failure that long after the last one, in milliseconds, is the first of others. */
const FORGET_MS = 2 * LONGEST_MS

/** What it takes to look after avoided endpoints. */
export interface Avoiding {
  readonly platform: Platform
  readonly transport: Transport
  /** Aborted when the gateway ends: nothing is tried any more. */
  readonly ending?: AbortSignal
}

/** Takes in that a connect of a request failed. Those that failed while it was avoided already are no news. */
export function avoid(avoiding: Avoiding, state: EndpointState, service: ServiceConfig): void {
  const now = avoiding.platform.now()
  if (state.avoidUntil > now) return
  if (now - state.failedAt > FORGET_MS) state.failures = 0
  postpone(state, avoiding.platform)
  if (avoiding.transport.reaches !== undefined && !state.watched) void watch(avoiding, state, service)
}

/** Takes in an answer, of whatever status, to a request sent at `sentAt`. One sent before the failure says nothing about connects after it. */
export function answered(state: EndpointState, sentAt: number): void {
  if (sentAt >= state.failedAt) forgive(state)
}

/** Nothing is held against it any more. */
export function forgive(state: EndpointState): void {
  state.failures = 0
  state.avoidUntil = 0
}

/** One more failure. The jitter keeps workers apart that found an endpoint dead in one moment. */
function postpone(state: EndpointState, { now, random }: Platform): void {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** state.failures)
  state.failures++
  state.failedAt = now()
  state.avoidUntil = state.failedAt + ms * (0.8 + 0.4 * random())
}

/**
 * Until it takes a connection, answers a request, or has left. That it takes one lets requests come, and forgives nothing: what failed may
 * have been the handshake after that.
 */
async function watch({ platform, transport, ending }: Avoiding, state: EndpointState, service: ServiceConfig): Promise<void> {
  state.watched = true
  const isOver = (): boolean => state.failures === 0 || state.gone || ending?.aborted === true
  for (;;) {
    await platform.sleep(Math.max(0, state.avoidUntil - platform.now()), ending)
    if (isOver()) break
    // Before it is tried, so that no request goes there meanwhile.
    postpone(state, platform)
    if ((await transport.reaches?.(state, service)) === true) {
      state.avoidUntil = 0
      break
    }
    if (isOver()) break
  }
  state.watched = false
}
