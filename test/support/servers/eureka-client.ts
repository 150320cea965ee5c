// What instances do at a Eureka server: register, heartbeat, change their status, leave. Plain HTTP, as the server documents it.
import { setTimeout as sleep } from 'node:timers/promises'

/** Who registers. */
export interface Registrant {
  readonly name: string
  readonly host: string
  readonly port: number
}

const APP = 'WEB'

async function call(url: string, method: string, path: string, body?: object, app = APP): Promise<number> {
  const answer = await fetch(`${url}/apps/${app}${path}`, { method, headers: { accept: 'application/json', 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }), signal: AbortSignal.timeout(5000) })
  await answer.arrayBuffer()
  return answer.status
}

async function must(wanted: number, url: string, method: string, path: string, body?: object, app = APP): Promise<void> {
  const status = await call(url, method, path, body, app)
  if (status !== wanted) throw new Error(`${method} ${url}/apps/${app}${path}: ${status}`)
}

const idOf = ({ name }: Registrant): string => `host-${name}:web`

/** Registers, UP unless `more` says otherwise, with a lease of `lease` seconds (an expired one lives twice as long), as WEB or another application. */
export function register(url: string, who: Registrant, more: object = {}, lease = 90, app = APP): Promise<void> {
  const instance = {
    instanceId: idOf(who),
    hostName: `${who.name}.internal`,
    app,
    ipAddr: who.host,
    vipAddress: 'web',
    secureVipAddress: 'web',
    status: 'UP',
    port: { $: who.port, '@enabled': 'true' },
    securePort: { $: 443, '@enabled': 'false' },
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    leaseInfo: { renewalIntervalInSecs: Math.max(1, Math.round(lease / 3)), durationInSecs: lease },
    ...more,
  }
  return must(204, url, 'POST', '', { instance }, app)
}

/** Leaves in good order. */
export function cancel(url: string, who: Registrant): Promise<void> {
  return must(200, url, 'DELETE', `/${idOf(who)}`)
}

/** An operator's word on an instance, or undefined to take it back. */
export function setStatus(url: string, who: Registrant, status: string | undefined): Promise<void> {
  return status === undefined ? must(200, url, 'DELETE', `/${idOf(who)}/status?value=UP`) : must(200, url, 'PUT', `/${idOf(who)}/status?value=${status}`)
}

/** How many instances a server lists, out of a cache that may be some seconds old. */
export async function countListed(url: string): Promise<number> {
  const answer = await fetch(`${url}/apps`, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(5000) })
  const { applications } = (await answer.json()) as { readonly applications: { readonly application: readonly { readonly instance: readonly unknown[] }[] } }
  return applications.application.reduce((sum, { instance }) => sum + instance.length, 0)
}

/** Heartbeats four times a second at the first of these servers that answers, and registers where that is asked for, until stopped. */
export function keepRegistered(urls: readonly string[], who: readonly Registrant[]): () => Promise<void> {
  const stop = new AbortController()
  const beat = async (each: Registrant): Promise<void> => {
    for (const url of urls) {
      const status = await call(url, 'PUT', `/${idOf(each)}`).catch(() => 0)
      if (status === 404) await register(url, each).catch(() => undefined)
      if (status !== 0) return
    }
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await Promise.all(who.map(beat))
      await sleep(250, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return async () => {
    stop.abort()
    await running
  }
}
