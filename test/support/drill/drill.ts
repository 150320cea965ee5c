// Failure drills: a real gateway, live backends and a load that never rests, while the test breaks what the gateway learns from.
//
//   await drill({
//     upstreams: { consul: server.address },                                    // a fault proxy stands in front of each
//     registries: ({ consul }) => ({ consul: { address: `http://${consul}` } }), // as in a configuration file
//     services: { web: { from: 'consul/web', backends: ['a', 'b'] } },          // backends are started, the test registers them
//   }, async (d) => {
//     await register(d.backend('a'), d.backend('b'))
//     await d.sees('web', 'live a,b')
//     d.fault('consul').blackhole()
//     await d.sees('web', 'stale a,b', { cause: /no answer/ })
//     await d.serves('web', ['a', 'b'])
//   })
//
// In the end, and by itself, it fails when a request failed that could have succeeded: one that got no 200 while a backend of
// its service was up all the time (from the first answer of that service on; `d.excuse` for what a drill means to break). So it does
// when any request stood for five seconds, and when metrics, explain and the admin API say different things of what `sees` waits for.
// Nothing is waited for by time: `sees`, `serves`, `uses` and `until` wait for what they name, at most 30 s.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { messageOf } from '../../../src/model/error.ts'
import type { RefStatus } from '../../../src/model/ref-status.ts'
import type { StoreStatus } from '../../../src/model/store.ts'
import type { AnnouncementsAnswer, AnnouncementView, RoutesAnswer, WatchesAnswer } from '../../../src/model/admin.ts'
import { makeTempDirectory } from '../temp.ts'
import { startBackend, type Backend } from './backend.ts'
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts'
import { startDrillGateway, type DrillGateway } from './gateway.ts'
import { createJudge, type Judge } from './judge.ts'
import { startLoad, type Load, type Result } from './load.ts'
import type { Drill, DrillPlan, DrillService } from './plan.ts'
import { shownState, type ShownState } from './state.ts'
import { tableOf } from './table.ts'
import { doubtsAbout, type Doubts } from './truth.ts'
import { until } from './until.ts'

const WINDOW = 20
/** What was on its way when the registry was cut off may still be read so much later, milliseconds. */
const ON_ITS_WAY = 1000

/** Runs one drill; rejects when `act` does, and when a request failed that could have succeeded. */
export async function drill(plan: DrillPlan, act: (d: Drill) => Promise<void>): Promise<void> {
  const running = new Running(plan)
  try {
    await running.start()
    await act(running)
    await running.load?.pause()
    running.judge.verdict()
  } catch (error) {
    throw new Error(`${messageOf(error)}\nthe gateway's log ended with:\n${running.logs.slice(-15).join('\n')}`, { cause: error })
  } finally {
    await running.stop()
  }
}

class Running implements Drill {
  readonly logs: string[] = []
  readonly until = until
  readonly judge: Judge
  load: Load | undefined
  readonly #plan: DrillPlan
  readonly #backends = new Map<string, Backend>()
  readonly #proxies = new Map<string, FaultProxy>()
  #directory: { readonly directory: string; remove(): Promise<void> } | undefined
  #gateway: DrillGateway | undefined
  #services: DrillPlan['services']

  constructor(plan: DrillPlan) {
    this.#plan = plan
    this.#services = plan.services
    this.judge = createJudge(Object.keys(plan.services), (service) => (plan.services[service]?.backends ?? []).some((name) => this.#backends.get(name)?.up === true))
  }

  async start(): Promise<void> {
    const { upstreams = {}, services, before, host } = this.#plan
    this.#directory = await makeTempDirectory()
    for (const [name, target] of Object.entries(upstreams)) this.#proxies.set(name, await startFaultProxy(target))
    for (const name of new Set(Object.values(services).flatMap(({ backends }) => backends))) this.#backends.set(name, await startBackend(name, this.judge.changed, host))
    this.judge.changed()
    await before?.((name) => this.backend(name), (upstream) => this.fault(upstream))
    const gateway = await this.#start()
    this.load = startLoad(Object.keys(services), gateway.port, this.judge.take)
  }

  async stop(): Promise<void> {
    await this.load?.stop()
    await this.#gateway?.stop()
    for (const proxy of this.#proxies.values()) await proxy.close()
    for (const backend of this.#backends.values()) await backend.kill()
    await this.#directory?.remove()
  }

  backend(name: string): Backend {
    return known(this.#backends, name, 'backend')
  }

  fault(upstream: string): FaultProxy {
    return known(this.#proxies, upstream, 'upstream')
  }

  async sees(service: string, text: string | RegExp, more: { readonly cause?: RegExp; readonly since?: number } = {}): Promise<ShownState> {
    // What was on its way may lie in a socket for as long as this process stands still.
    const stalls = monitorEventLoopDelay({ resolution: 10 })
    if (more.since !== undefined) stalls.enable()
    let last: ShownState | undefined
    let doubts: Doubts | undefined
    const shows = async (): Promise<ShownState | false> => {
      const state = await this.#shown(service)
      last = state
      const fits = typeof text === 'string' ? state.text === text : text.test(state.text)
      if (!fits || more.cause?.test(state.cause) === false) return false
      doubts = await doubtsAbout(this.#running, service)
      return doubts !== undefined && (doubts.untrue.length > 0 || doubts.unsettled.length === 0) && state
    }
    const state = await until(`${service} is shown as ${String(text)}${more.cause === undefined ? '' : ` because of ${String(more.cause)}`}`, shows, () => JSON.stringify([last, ...(doubts?.unsettled ?? [])]))
    if (doubts !== undefined && doubts.untrue.length > 0) throw new Error(`${service} is shown as ${state.text}, and what is said of it contradicts itself:\n${doubts.untrue.join('\n')}`)
    if (more.since === undefined) return state
    // Asked anew, so that both sides of the comparison are taken in this order.
    const elapsed = Date.now() - more.since
    const { age } = await until('the admin server agrees with itself', () => this.#shown(service))
    stalls.disable()
    if (age === undefined || age < elapsed - ON_ITS_WAY - stalls.max / 1e6) throw new Error(`${service} is shown as confirmed ${age ?? 'never'} ms ago, but was cut off ${elapsed} ms ago`)
    return state
  }

  async next(service: string, count: number = WINDOW): Promise<readonly Result[]> {
    const { load } = this
    if (load === undefined) return []
    // What is under way may still be decided by the past.
    const from = performance.now()
    const fresh = (): Result[] => load.results.slice(-10 * (count + WINDOW)).filter((result) => result.service === service && result.startedAt >= from)
    return until(`${count} further answers of ${service}`, () => fresh().length >= count && fresh().slice(0, count), () => fresh().length)
  }

  async uses(service: string, names: readonly string[]): Promise<void> {
    let last = ''
    const used = async (): Promise<boolean> => {
      last = usedBy(await this.next(service))
      return last === [...names].sort().join(',')
    }
    await until(`${service} is served by ${names.join(',')}`, used, () => last)
  }

  async serves(service: string, names: readonly string[]): Promise<void> {
    const used = usedBy(await this.next(service))
    if (used !== [...names].sort().join(',')) throw new Error(`${service} was to be served by ${names.join(',')}, and was by ${used}`)
  }

  async excuse(service: string, during: () => Promise<void>): Promise<void> {
    const end = this.judge.excuse(service)
    try {
      await during()
    } finally {
      end()
    }
  }

  async watch(ref: string): Promise<RefStatus> {
    const { watches } = await this.#running.admin<WatchesAnswer>('/api/watches')
    const found = watches.find((watch) => watch.ref === ref)
    if (found === undefined) throw new Error(`no watch of ${ref}; there is ${watches.map((watch) => watch.ref).join(', ')}`)
    return found
  }

  async reroute(services: Readonly<Record<string, Partial<Omit<DrillService, 'backends'>>>>): Promise<void> {
    this.#services = this.#with(services)
    await this.#running.useTable(this.#config())
  }

  table(services: Readonly<Record<string, Partial<Omit<DrillService, 'backends'>>>>): string {
    return JSON.stringify(tableOf(this.#with(services), (name) => this.backend(name)))
  }

  async origin(): Promise<string> {
    return (await this.#running.admin<RoutesAnswer>('/api/routes')).revision?.origin ?? ''
  }

  async store(mode: StoreStatus['mode']): Promise<StoreStatus> {
    let last: StoreStatus | null = null
    const shows = async (): Promise<StoreStatus | false> => {
      last = (await this.#running.admin<RoutesAnswer>('/api/routes')).store
      return last?.mode === mode && last
    }
    const status = await until(`the store is ${mode}`, shows, () => JSON.stringify(last))
    await until(`the metrics say so`, async () => (await this.metrics()).split('\n').filter((line) => line.startsWith('fairlead_store_mode')).join() === `fairlead_store_mode{mode="${mode}"} 1`, () => this.metrics())
    return status
  }

  #with(services: Readonly<Record<string, Partial<Omit<DrillService, 'backends'>>>>): DrillPlan['services'] {
    return Object.fromEntries(Object.entries(this.#services).map(([name, service]) => [name, { ...service, ...services[name] }]))
  }

  get port(): number {
    return this.#running.port
  }

  admin(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    return this.#running.answer(path)
  }

  metrics(): Promise<string> {
    return this.#running.metrics()
  }

  async announcements(): Promise<readonly AnnouncementView[]> {
    return (await this.#running.admin<AnnouncementsAnswer>('/api/announcements')).announcements
  }

  async restart(between?: () => Promise<void>, during?: () => Promise<void>): Promise<void> {
    await this.load?.pause()
    await Promise.all([this.#gateway?.stop(), during?.()])
    this.#gateway = undefined
    await between?.()
    const gateway = await this.#start()
    this.load?.resume(gateway.port)
  }

  get #running(): DrillGateway {
    if (this.#gateway === undefined) throw new Error('the gateway does not run')
    return this.#gateway
  }

  #shown(service: string): Promise<ShownState> {
    return shownState(this.#running, service, (address) => this.#nameOf(address))
  }

  #nameOf(address: string): string {
    return [...this.#backends.values()].find(({ host, port }) => `${host}:${port}` === address)?.name ?? address
  }

  async #start(): Promise<DrillGateway> {
    this.#gateway = await startDrillGateway(this.#config(), this.#plan.speed ?? 5, (level, message, fields) => void this.logs.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`))
    return this.#gateway
  }

  #config(): object {
    const addresses = Object.fromEntries([...this.#proxies].map(([name, proxy]) => [name, proxy.address]))
    const { registries, store } = this.#plan
    return {
      listen: '127.0.0.1:0',
      admin: { port: 0 },
      stateDir: this.#directory?.directory,
      registries: registries(addresses),
      ...(store === undefined ? {} : { store: store(addresses) }),
      ...tableOf(this.#services, (name) => this.backend(name)),
    }
  }
}

function usedBy(results: readonly Result[]): string {
  return [...new Set(results.map(({ by, error }) => (error === '' ? by : `(${error})`)))].sort().join(',')
}

function known<T>(map: ReadonlyMap<string, T>, name: string, kind: string): T {
  const found = map.get(name)
  if (found === undefined) throw new Error(`the drill has no ${kind} ${name}; it has ${[...map.keys()].join(', ')}`)
  return found
}
