// The drill that every registry passes: it is down when a gateway starts that knows nothing from before.
import { request } from 'node:http'
import { expect } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'

export interface Down {
  /** Reference of `web`. */
  readonly ref: string
  /** Takes the registry away before the gateway starts, after its instances were registered. Default: nothing listens behind any fault proxy. */
  readonly goes?: () => Promise<void>
  /** Brings it back. Default: every proxy passes again. */
  readonly returns?: (d: Drill) => Promise<void>
}

/**
 * Runs it by a plan whose only service is `web` with the backends a, b and c. Its requests are refused at once, with when to come again; what
 * another service needs is there; the gateway lives, and is ready for what it knows; and nobody is needed when the registry returns.
 */
export async function downAtStart(plan: DrillPlan, { ref, goes, returns }: Down): Promise<void> {
  const upstreams = Object.keys(plan.upstreams ?? {})
  await drill(
    {
      ...plan,
      services: { ...plan.services, other: { from: [], backends: ['o'] } },
      before: async (backend, fault) => {
        await plan.before?.(backend, fault)
        await goes?.()
        if (goes === undefined) for (const upstream of upstreams) await fault(upstream).refuse()
      },
    },
    async (d) => {
      await d.sees('web', 'pending')
      await d.until(`${ref} was asked for in vain`, async () => (await d.watch(ref)).failures > 1, async () => JSON.stringify(await d.watch(ref)))
      const { lastError, lastSuccess } = await d.watch(ref)
      expect(lastError?.message).toMatch(/\S/)
      expect(lastSuccess).toBeUndefined()
      expect(await refusal(d.port, 'web.drill')).toEqual({ status: 503, reason: 'no_endpoints', retryAfter: '1' })
      expect((await d.next('web')).map(({ error }) => error)).toSatisfy((errors: readonly string[]) => errors.every((error) => error === '503 no_endpoints'))
      await d.serves('other', ['o'])
      expect(await d.admin('/api/health')).toMatchObject({ status: 200, body: { status: 'ok' } })
      expect(await d.admin('/api/ready')).toEqual({ status: 200, body: { ready: true, reasons: [] } })

      await returns?.(d)
      if (returns === undefined) for (const upstream of upstreams) await d.fault(upstream).pass()
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    },
  )
}

/** What a client gets that is refused. */
function refusal(port: number, host: string): Promise<{ readonly status: number | undefined; readonly reason: unknown; readonly retryAfter: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, headers: { host }, agent: false }, (response) => {
      response.resume()
      resolve({ status: response.statusCode, reason: response.headers['fairlead-error'], retryAfter: response.headers['retry-after'] })
    })
    asked.on('error', reject).end()
  })
}
