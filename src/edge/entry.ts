// The worker runtime: what `import … from 'fairlead/edge'` gives, and the worker that wrangler.toml names.
import { Hono } from 'hono'
import type { AccessRecord } from '../model/access.ts'
import type { TableConfig } from '../model/table-config.ts'
import { GatewayError } from '../model/error.ts'
import { handle } from '../proxy/gateway.ts'
import { BadBody, explainAsked, readExplainRequest } from '../proxy/asked-explain.ts'
import { refusedAccess } from '../proxy/refused-access.ts'
import { sha256OfText } from '../store/digest.ts'
import { canPass, EdgeExchange } from './exchange.ts'
import { clientAddressOf, headOf } from './head.ts'
import { edgePlatform } from './platform.ts'
import { type EdgeEnv, type EdgeServing, openServing } from './serving.ts'

export type { EdgeEnv }

export interface EdgeOptions {
  /** The table in normal form; default the variable FAIRLEAD_TABLE. */
  readonly table?: TableConfig
  /** Gets the record of each request, of refused ones too; it ends with the response head, and counts no bytes. */
  readonly onAccess?: (access: AccessRecord) => void
}

interface Edge {
  Bindings: EdgeEnv
}

/** Makes a worker: `export default createEdge({ table })`. */
export function createEdge(options: EdgeOptions = {}): Hono<Edge> {
  const app = new Hono<Edge>()
  let opened: Promise<EdgeServing> | undefined
  // An isolate sees one environment, so the table is compiled with its first request and never again.
  const serving = (env: EdgeEnv): Promise<EdgeServing> => (opened ??= openServing(options.table ?? env.FAIRLEAD_TABLE, env, edgePlatform, options.onAccess ?? (() => undefined)))
  app.post('/.fairlead/explain', async (c, next) => {
    const token = c.env.FAIRLEAD_TOKEN ?? ''
    // Without a token the path is one like any other.
    if (token === '') return next()
    if (!(await sameText(c.req.header('authorization') ?? '', `Bearer ${token}`))) return c.json({ error: 'the bearer token is not FAIRLEAD_TOKEN' }, 401)
    const { gateway, listeners } = await serving(c.env)
    return c.json(explainAsked(gateway.snapshot, listeners.map((name) => ({ name, trustedProxies: [] })), readExplainRequest(await c.req.text()), gateway.platform, canPass))
  })
  app.all('*', async (c) => serve(await serving(c.env), c.req.raw))
  app.onError(failed)
  return app
}

/** One request through the same pipeline as on Node. */
async function serve({ gateway, listeners }: EdgeServing, request: Request): Promise<Response> {
  let exchange: EdgeExchange
  try {
    exchange = new EdgeExchange(request, headOf(request, listeners[0]), gateway.platform.now())
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    gateway.record(refusedAccess(listeners[0], clientAddressOf(request), error, gateway.platform.wallClock()))
    return refusal(error)
  }
  await handle(gateway, exchange)
  // Without an answer the client is gone: nobody sees this.
  return exchange.response ?? new Response(null, { status: 499 })
}

/** The answer to what could not become a request; it names the rule, and nothing that the client sent. */
function refusal(error: GatewayError): Response {
  return new Response(`${error.reason}: ${error.message}\n`, { status: error.status, headers: { 'fairlead-error': error.reason, 'content-type': 'text/plain; charset=utf-8' } })
}

function failed(error: Error): Response {
  if (error instanceof BadBody) return Response.json({ error: error.message }, { status: 400 })
  if (error instanceof GatewayError) return Response.json({ error: `the gateway refuses this request: ${error.message}`, reason: error.reason }, { status: 422 })
  edgePlatform.log('error', 'the worker failed', { error: error.stack ?? String(error) })
  return refusal(new GatewayError('internal', 'a defect in the gateway'))
}

/** Compares without telling by its time how much is equal. */
async function sameText(one: string, other: string): Promise<boolean> {
  return (await sha256OfText(one)) === (await sha256OfText(other))
}

export default createEdge()
