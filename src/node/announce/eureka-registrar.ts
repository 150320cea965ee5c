// The calls of an announcement to Eureka, by eureka-js-client. Of the client its register, deregister and request are used; its
// timers are not, since its `stop` can meet a heartbeat that is under way and registers again.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Eureka } from 'eureka-js-client'
import type { UpstreamTlsConfig } from '../../model/service-config.ts'
import type { Platform } from '../../model/platform.ts'
import { printable, saidBy } from '../../../discovery/text.ts'
import type { Server } from '../../../discovery/eureka/servers.ts'
import { readTls } from '../tls-files.ts'
import type { CallResult, Registrar } from './announcement.ts'

const TIMEOUT = 4000
/** An answer must be whole within so many times that. */
const WHOLE = 2
const RETRY_DELAY = 200

/** The gateway as an instance. */
export interface GatewayInstance {
  /** In capitals. */
  readonly app: string
  readonly instanceId: string
  readonly host: string
  readonly ip: string
  readonly port: number
  readonly secure: boolean
  readonly vip: string
  readonly meta: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly heartbeat: number
}

export interface RegistrarOptions {
  readonly servers: readonly Server[]
  readonly tls: UpstreamTlsConfig | undefined
  readonly instance: GatewayInstance
  readonly platform: Pick<Platform, 'wallClock'>
  /** For connecting, and between two bytes of an answer, milliseconds. Twice that for the whole answer of a server. */
  readonly timeout?: number
}

/** Connects; the client is loaded only here. */
export async function eurekaRegistrar(options: RegistrarOptions): Promise<Registrar> {
  const { Eureka } = await import('eureka-js-client')
  return new EurekaRegistrar(Eureka, options)
}

class EurekaRegistrar implements Registrar {
  private readonly options: RegistrarOptions
  private readonly timeout: number
  private readonly path: string
  private readonly client: Eureka
  private agentOptions: object = {}
  /** What ends the connections of the call that is under way. */
  private readonly ends: (() => void)[] = []
  /** Whether a status of an earlier life may be there and is to be reset: `undefined` before the first registration. */
  private owed: boolean | undefined

  constructor(Client: typeof Eureka, options: RegistrarOptions) {
    const { servers, instance, timeout = TIMEOUT } = options
    this.options = options
    this.timeout = timeout
    this.path = `${instance.app}/${instance.instanceId}`
    const secrets = new Map(servers.map(({ base, authorization }) => [`${base}/apps/`, authorization]))
    this.client = new Client({
      // It looks for eureka-client.yml in the working directory; there is none in a directory that cannot be.
      cwd: '\0',
      logger: SILENT,
      instance: bodyOf(instance),
      eureka: { serviceUrls: { default: [...secrets.keys()] }, host: 'unused', maxRetries: servers.length - 1, requestRetryDelay: RETRY_DELAY, registerWithEureka: true, fetchRegistry: false, fetchMetadata: false },
      // User and password travel here, since the client writes its URLs into its messages.
      requestMiddleware: (request: { readonly baseUrl?: string; readonly headers?: object }, done: (request: object) => void) => {
        const authorization = secrets.get(request.baseUrl ?? '')
        const headers = { accept: 'application/json', 'user-agent': 'fairlead', ...request.headers, ...(authorization === undefined ? {} : { authorization }) }
        done({ ...request, headers, agent: this.agentFor(request.baseUrl ?? ''), timeout, followRedirect: false, proxy: null })
      },
    })
  }

  async register(): Promise<CallResult> {
    this.owed ??= true
    const result = await this.bounded((done) => {
      // Newer than whatever a server still has of this instance.
      this.client.config.instance['lastDirtyTimestamp'] = String(Math.round(this.options.platform.wallClock()))
      this.client.register((error) => done(error ? failed(error) : { kind: 'done' }))
    })
    return this.reset(result)
  }

  async renew(): Promise<CallResult> {
    return this.reset(await this.call('PUT', this.path))
  }

  drain(): Promise<CallResult> {
    // From here on it is meant.
    this.owed = false
    return this.call('PUT', `${this.path}/status?value=OUT_OF_SERVICE`)
  }

  leave(): Promise<CallResult> {
    return this.bounded((done) => this.client.deregister((error) => done(error && !/status: 404\b/.test(String(error)) ? failed(error) : { kind: 'done' })))
  }

  // A gateway that was killed while it drained left OUT_OF_SERVICE behind, which a server keeps for an hour.
  private async reset(result: CallResult): Promise<CallResult> {
    if (result.kind !== 'done' || this.owed !== true) return result
    const status = await this.call('DELETE', `${this.path}/status?value=UP`)
    this.owed = status.kind !== 'done'
    return 'message' in status ? { kind: 'partly', message: `its status cannot be reset, and may be OUT_OF_SERVICE from before: ${status.message}` } : result
  }

  private call(method: string, uri: string): Promise<CallResult> {
    return this.bounded((done) => this.client.eurekaRequest({ method, uri }, (error, response, body) => done(error ? failed(error) : resultOf(response?.statusCode ?? 0, body))))
  }

  // The middleware has no way to say that a file cannot be read, so they are read before each call.
  private async bounded(run: (done: (result: CallResult) => void) => void): Promise<CallResult> {
    try {
      this.agentOptions = await agentOptionsOf(this.options.tls)
      return await new Promise(run)
    } catch (error) {
      return failed(error)
    } finally {
      for (const end of this.ends.splice(0)) end()
    }
  }

  // The client has no way to stop a request: without its connection it fails, and the next server is asked.
  private agentFor(base: string): HttpAgent {
    const agent = base.startsWith('https:') ? new HttpsAgent(this.agentOptions) : new HttpAgent()
    const timer = setTimeout(() => agent.destroy(), WHOLE * this.timeout)
    this.ends.push(() => {
      clearTimeout(timer)
      agent.destroy()
    })
    return agent
  }
}

function bodyOf({ app, instanceId, host, ip, port, secure, vip, meta, heartbeat }: GatewayInstance): object {
  const seconds = Math.max(1, Math.round(heartbeat / 1000))
  return {
    app,
    instanceId,
    hostName: host,
    ipAddr: ip,
    vipAddress: vip,
    secureVipAddress: vip,
    port: { $: port, '@enabled': String(!secure) },
    securePort: { $: port, '@enabled': String(secure) },
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    leaseInfo: { renewalIntervalInSecs: seconds, durationInSecs: seconds * 3 },
    metadata: meta,
  }
}

function resultOf(status: number, body: unknown): CallResult {
  if (status >= 200 && status < 300) return { kind: 'done' }
  return status === 404 ? { kind: 'unknown' } : { kind: 'failed', message: printable(`${status} ${typeof body === 'string' ? body : ''}`).trim() }
}

function failed(error: unknown): CallResult {
  return { kind: 'failed', message: saidBy(error) }
}

async function agentOptionsOf(tls: UpstreamTlsConfig | undefined): Promise<object> {
  if (tls === undefined) return {}
  return { ...(await readTls(tls)), servername: tls.serverName, rejectUnauthorized: tls.verify }
}

const none = (): void => {}
// It logs each retry with its URL; what matters is in the answers.
const SILENT = { debug: none, info: none, warn: none, error: none, level: none }
