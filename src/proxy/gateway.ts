// The life of a request, top to bottom. The runtime has accepted it and guarded its head; what follows is the same on Node
// and at the edge. Each step is a function in a file of its own.
import type { AccessRecord } from '../model/access.ts'
import type { Exchange, OutboundRequest, Transport, UpstreamResponse } from '../model/exchange.ts'
import type { Platform } from '../model/platform.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { decide } from '../route/decide.ts'
import { beginAccess, finishAccess } from './access.ts'
import { Attempts, type Forward } from './attempt.ts'
import type { Budgets } from './budgets.ts'
import { explanationFor, type LiveExplain } from './live-explain.ts'
import { localResponse, respondError } from './respond.ts'
import { outboundHeaders } from './request-headers.ts'
import { clientHeaders } from './response-headers.ts'
import { upgradeRefusal } from './upgrade.ts'

/** What one worker serves with. */
export interface Gateway {
  readonly platform: Platform
  readonly transport: Transport
  /** Aborted when it ends. */
  readonly ending?: AbortSignal
  /** Replaced whole when routes or endpoints change; a request reads it once. */
  snapshot: Snapshot
  readonly budgets: Budgets
  /** Set when a secret for live explanations is configured. */
  readonly explain?: LiveExplain
  /** Takes the one record of each finished request. */
  record(access: AccessRecord): void
}

/** Serves one request to its end. Never rejects. */
export async function handle(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { snapshot, platform } = gateway
  const access = beginAccess(gateway, snapshot, exchange)
  let attempts: Attempts | undefined
  try {
    const context = { wallClock: access.startedAt, roll: platform.random() }
    // Match. Ahead of everything that costs, so that what has no route is refused for next to nothing.
    const decision = decide(snapshot.table, exchange.head, context)
    const explanation = gateway.explain === undefined ? undefined : await explanationFor(gateway.explain, snapshot, exchange, context)
    if (decision.kind !== 'forward') return await exchange.respond(...localResponse(decision, exchange, access, explanation))
    noteDecision(access, decision)
    checkUpgrade(exchange, decision)
    attempts = new Attempts(gateway, snapshot, exchange, access, decision, outbound(exchange, decision, access.requestId))
    let response: UpstreamResponse | undefined
    while (response === undefined) {
      const pause = attempts.pause()
      if (pause !== undefined) await pause
      try {
        response = attempts.received(await attempts.send())
      } catch (error) {
        attempts.failed(error)
      }
    }
    // After the first byte of this nothing is tried again.
    const streaming = deliver(exchange, decision, response, access, explanation)
    if (streaming !== undefined) await streaming
  } catch (error) {
    await respondError(gateway, exchange, access, error)
  } finally {
    attempts?.release()
    finishAccess(gateway, exchange, access)
  }
}

/** From here on the record says where the request was to go, whatever becomes of it. */
function noteDecision(access: AccessRecord, { entry, destination }: Forward): void {
  access.route = entry.route.name
  access.service = destination.label
}

/** Before a dial: a route without upgrades must not give a client a tunnel to anything. */
function checkUpgrade(exchange: Exchange, { entry }: Forward): void {
  const refusal = upgradeRefusal(entry.route, exchange.upgrade)
  if (refusal !== undefined) throw refusal
}

/** The request as it leaves: rewritten, hop-by-hop fields gone, forwarding fields ours, the route's header rules applied. */
function outbound(exchange: Exchange, decision: Forward, requestId: string): OutboundRequest {
  const { requestHeaders } = decision.entry.route
  if (requestHeaders !== undefined) exchange.ruleTrailers(requestHeaders)
  return {
    method: exchange.head.method,
    target: decision.target,
    authority: decision.authority,
    headers: outboundHeaders(exchange, requestId, requestHeaders, decision.params),
    upgrade: exchange.upgrade,
  }
}

/** Response rules, then the stream; undefined when all of it has already left. */
function deliver(exchange: Exchange, decision: Forward, response: UpstreamResponse, access: AccessRecord, explanation: string | undefined): Promise<void> | undefined {
  access.status = response.status
  if (response.status === 101) access.upgrade = exchange.upgrade
  const { responseHeaders } = decision.entry.route
  const headers = clientHeaders(response.headers, responseHeaders, decision.params)
  if (explanation !== undefined) headers.append('fairlead-explanation', explanation)
  return exchange.relay(response, { status: response.status, reason: response.reason, headers }, responseHeaders)
}
