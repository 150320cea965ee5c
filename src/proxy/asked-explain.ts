// Answers someone who describes a request and asks what would happen to it: POST /api/explain on Node, its twin at the edge.
import type { ExplainRequest } from '../model/admin.ts'
import { messageOf } from '../model/error.ts'
import type { KnownListener } from '../model/listener-config.ts'
import type { Platform } from '../model/platform.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { arrivalOf } from './arrival.ts'
import { describedHead } from './described-head.ts'
import { describedUpgrade } from './upgrade.ts'
import { explainRequest, type RequestExplanation } from './explain-request.ts'

/** A question that is not what explain takes; the message says what of it. */
export class BadBody extends Error {}

type Checks = { readonly [field in keyof ExplainRequest]-?: (value: unknown) => string | undefined }

const CHECKS: Checks = {
  method: text,
  url: text,
  headers: checkHeaders,
  from: text,
  listener: text,
  roll: (value) => (typeof value === 'number' && value >= 0 && value < 1 ? undefined : ': a number from 0 up to but not including 1'),
  at: (value) => (Number.isSafeInteger(value) ? undefined : ': milliseconds since the epoch'),
  limit: (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : ': a whole number from 0'),
}

/** Reads the JSON of a question. Throws BadBody. */
export function readExplainRequest(body: string): ExplainRequest {
  const given = parseJson(body)
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new BadBody('body: not an object')
  for (const [field, value] of Object.entries(given)) {
    if (!Object.hasOwn(CHECKS, field)) throw new BadBody(`body: there is no field ${JSON.stringify(field)}; it takes ${Object.keys(CHECKS).join(', ')}`)
    const wrong = CHECKS[field as keyof ExplainRequest](value)
    if (wrong !== undefined) throw new BadBody(`${field}${wrong}`)
  }
  if (!('url' in given)) throw new BadBody('url: missing')
  return { method: 'GET', ...given } as ExplainRequest
}

/** Explains under a snapshot; `passes` says which upgrades the runtime can pass on, default all. Throws BadBody for an unknown listener, GatewayError for a request that would be refused. */
export function explainAsked(snapshot: Snapshot, listeners: readonly KnownListener[], request: ExplainRequest, platform: Platform, passes: (protocol: string) => boolean = () => true): RequestExplanation {
  const names = listeners.map(({ name }) => name)
  if (request.listener !== undefined && !names.includes(request.listener)) throw new BadBody(`listener: there is no ${JSON.stringify(request.listener)}; the listeners are ${names.join(', ')}`)
  const head = describedHead(request, { callers: snapshot.table.callers, ...arrivalOf(request, listeners) })
  const asked = describedUpgrade(head)
  return explainRequest(snapshot, head, { wallClock: request.at ?? platform.wallClock(), roll: request.roll ?? platform.random() }, { upgrade: passes(asked) ? asked : '', ...(request.limit === undefined ? {} : { limit: request.limit }) })
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : ': not a text'
}

function checkHeaders(value: unknown): string | undefined {
  if (!Array.isArray(value)) return ': not a list of [name, value]'
  const at = value.findIndex((pair) => !Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string' || typeof pair[1] !== 'string')
  return at < 0 ? undefined : `.${at}: not [name, value]`
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new BadBody(`the body is not JSON: ${messageOf(error)}`, { cause: error })
  }
}
