// The admin server's paths, in Hono: JSON for people and tools, metrics for Prometheus, and a page to look at.
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { AnnouncementsAnswer, ApiAnswer, HealthAnswer, ReadyAnswer, WatchesAnswer } from '../../model/admin.ts'
import { GatewayError } from '../../model/error.ts'
import type { Platform } from '../../model/platform.ts'
import { BadBody, explainAsked, readExplainRequest } from '../../proxy/asked-explain.ts'
import { exporters } from '../../telemetry/list.ts'
import { requestsOf } from './counts.ts'
import { hardened, onlyOwnHosts, refuse, writesNeedToken } from './guard.ts'
import { PAGE, PAGE_POLICY } from './page.ts'
import { revisionsAnswer } from './revisions.ts'
import { routesAnswer } from './routes.ts'
import { mainSamples } from './samples.ts'
import { endpointsAnswer, servicesAnswer } from './services.ts'
import type { AdminSource } from './source.ts'

export interface AdminAppOptions {
  readonly platform: Platform
  /** Address that the server listens on; decides which names it answers to. */
  readonly host: string
  /** Needed for writes; without one they are refused. */
  readonly token?: string
}

const MAX_BODY = 64 * 1024

/** Builds the app. It keeps nothing itself: every answer is made from the source. */
export function createAdminApp(source: AdminSource, options: AdminAppOptions): Hono {
  const { platform } = options
  const app = new Hono()
  app.use(hardened, onlyOwnHosts(options.host), writesNeedToken(options.token))
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: (c) => refuse(c, 413, `the body is over ${MAX_BODY / 1024} KiB`) }))
  reads(app, source, platform)
  app.post('/api/explain', async (c) => {
    // A type that browsers do not send across origins without asking first.
    if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) return refuse(c, 415, 'the body must be application/json')
    const request = readExplainRequest(await c.req.text())
    const snapshot = source.snapshot()
    return snapshot === undefined ? refuse(c, 503, 'there is no table yet') : c.json(explainAsked(snapshot, source.listeners(), request, platform))
  })
  app.post('/api/drain', (c) => {
    source.drain()
    return c.json({ draining: true }, 202)
  })
  app.notFound((c) => refuse(c, 404, `there is no ${c.req.method} ${c.req.path}`))
  app.onError((error, c) => {
    if (error instanceof BadBody) return refuse(c, 400, error.message)
    if (error instanceof GatewayError) return refuse(c, 422, `the gateway refuses this request: ${error.message}`, { reason: error.reason })
    platform.log('error', 'the admin server failed', { path: c.req.path, error: error.stack ?? String(error) })
    return refuse(c, 500, 'a defect in the admin server; the log has the details')
  })
  return app
}

function reads(app: Hono, source: AdminSource, platform: Platform): void {
  app.get('/', (c) => c.html(PAGE, 200, { 'Content-Security-Policy': PAGE_POLICY }))
  // The paths as they were declared; what is declared for all of them is a guard.
  app.get('/api', (c) => c.json({ paths: app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`) } satisfies ApiAnswer))
  app.get('/api/health', (c) => c.json({ status: 'ok', version: source.version, now: platform.wallClock(), startedAt: source.startedAt, workers: source.workers() } satisfies HealthAnswer))
  app.get('/api/ready', (c) => {
    const reasons = source.notReady()
    return c.json({ ready: reasons.length === 0, reasons } satisfies ReadyAnswer, reasons.length === 0 ? 200 : 503)
  })
  app.get('/api/routes', async (c) => {
    const limit = limitOf(c)
    return limit === undefined ? refuse(c, 400, 'limit must be a number') : c.json(await routesAnswer(source, limit))
  })
  app.get('/api/services', async (c) => c.json(await servicesAnswer(source, platform.wallClock())))
  app.get('/api/endpoints', (c) => {
    const name = c.req.query('service')
    const limit = limitOf(c)
    if (limit === undefined) return refuse(c, 400, 'limit must be a number')
    const answer = endpointsAnswer(source, name, limit, platform.wallClock())
    return answer === undefined ? refuse(c, 404, `there is no service ${JSON.stringify(name)} in the table`) : c.json(answer)
  })
  app.get('/api/watches', (c) => c.json({ watches: source.watches() } satisfies WatchesAnswer))
  app.get('/api/announcements', (c) => c.json({ announcements: source.announcements() } satisfies AnnouncementsAnswer))
  app.get('/api/revisions', (c) => c.json(revisionsAnswer(source)))
  app.get('/api/counts', async (c) => {
    const dump = await source.instruments()
    return c.json({ requests: requestsOf(dump), ...dump.live })
  })
  for (const { path, render, contentType } of exporters) app.get(path, async (c) => c.body(render(await source.instruments(), mainSamples(source, platform.wallClock())), 200, { 'Content-Type': contentType }))
}

/** The query's `limit`, infinite without one; undefined when it is no number. */
function limitOf(c: Context): number | undefined {
  const limit = c.req.query('limit')
  if (limit === undefined) return Infinity
  return /^\d{1,9}$/.test(limit) ? Number(limit) : undefined
}
