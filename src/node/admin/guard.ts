// Who may ask the admin server, and for what. Reading is for everyone who reaches it; writing needs the token. Web pages reach
// it neither by their own requests nor by rebinding a name of theirs to loopback.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Context, MiddlewareHandler } from 'hono'
import type { AdminError } from '../../model/admin.ts'

/** Paths that change nothing although they are asked by POST. */
const READS_BY_POST = new Set(['/api/explain'])

const COMMON_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** Headers of every answer. There are no CORS headers: no other origin may read anything. */
export const hardened: MiddlewareHandler = async (c, next) => {
  await next()
  for (const [name, value] of Object.entries(COMMON_HEADERS)) c.header(name, value)
}

/**
 * On a loopback address only loopback names are answered: a page whose own name was rebound to 127.0.0.1 arrives with that
 * name in Host. On other addresses the names are not known, and nothing is checked.
 */
export function onlyOwnHosts(boundTo: string): MiddlewareHandler {
  const isChecked = isLoopback(boundTo)
  return async (c, next) => {
    if (isChecked && !isLoopback(hostName(c.req.header('host') ?? ''))) return refuse(c, 403, 'Host is not a loopback name; use http://127.0.0.1 or http://localhost')
    // Browsers say where a request comes from; other clients send no such field.
    const site = c.req.header('sec-fetch-site')
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return refuse(c, 403, 'requests of other web pages are not answered')
    await next()
    return undefined
  }
}

/** Lets reads pass; anything else needs `Authorization: Bearer` with the configured token. */
export function writesNeedToken(token: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD' || (c.req.method === 'POST' && READS_BY_POST.has(c.req.path))
    if (!isRead) {
      if (token === undefined || token === '') return refuse(c, 403, 'writes are refused: the configuration has no admin.token')
      const given = /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
      if (given === undefined || !isSame(given, token)) {
        c.header('WWW-Authenticate', 'Bearer')
        return refuse(c, 401, 'the token is missing or wrong: send Authorization: Bearer with admin.token of the configuration')
      }
    }
    await next()
    return undefined
  }
}

/** An error as every endpoint says it. */
export function refuse(c: Context, status: 400 | 401 | 403 | 404 | 413 | 415 | 422 | 500 | 503, error: string, more: Partial<AdminError> = {}): Response {
  return c.json({ error, ...more } satisfies AdminError, status)
}

/** Hashed first, so that neither content nor length shows in the time it takes. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}

/** Host without its port and brackets, lower case. */
function hostName(field: string): string {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(field.toLowerCase())
  return match?.[1] ?? match?.[2] ?? ''
}
