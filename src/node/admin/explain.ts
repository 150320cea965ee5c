// POST /api/explain: what would happen to a request that someone describes.
import { z } from 'zod'
import type { ExplainRequest } from '../../model/admin.ts'
import type { Platform } from '../../model/platform.ts'
import { describedHead } from '../../proxy/described-head.ts'
import { explainRequest } from '../../proxy/explain-request.ts'
import type { RequestExplanation } from '../../proxy/explain-request.ts'
import type { AdminSource } from './source.ts'

const pair = z.tuple([z.string(), z.string()])

const explainBody = z.strictObject({
  method: z.string().default('GET'),
  url: z.string(),
  headers: z.array(pair).exactOptional(),
  from: z.string().exactOptional(),
  listener: z.string().exactOptional(),
  roll: z.number().min(0).lt(1).exactOptional(),
})

/** A body that is not what explain takes; the message says what of it. */
export class BadBody extends Error {}

/** Reads the body. Throws BadBody. */
export function readExplainRequest(text: string): ExplainRequest {
  const parsed = explainBody.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new BadBody(issue === undefined ? 'the body is not what explain takes' : `${issue.path.join('.') || 'body'}: ${issue.message}`)
}

/** Explains under the table in force. Throws BadBody for an unknown listener, GatewayError for a request that would be refused. */
export function explainAnswer(source: AdminSource, request: ExplainRequest, platform: Platform): RequestExplanation | undefined {
  const snapshot = source.snapshot()
  if (snapshot === undefined) return undefined
  const { listeners } = source
  if (request.listener !== undefined && !listeners.includes(request.listener)) throw new BadBody(`listener: there is no ${JSON.stringify(request.listener)}; the listeners are ${listeners.join(', ')}`)
  const head = describedHead(request, { callers: snapshot.table.callers, listener: listeners[0] ?? '' })
  return explainRequest(snapshot, head, { wallClock: platform.wallClock(), roll: request.roll ?? platform.random() })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadBody(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
