// Certificates: server contexts by name for listeners, contexts for services, read again when their files change. A file that
// does not parse leaves the running certificate in place.
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { ListenerTlsConfig } from '../model/listener-config.ts'
import type { UpstreamTlsConfig } from '../model/service-config.ts'
import type { Platform } from '../model/platform.ts'

/** One certificate of a listener. */
interface Loaded {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  readonly names: readonly string[]
}

/** Milliseconds between two looks at the files. */
const RELOAD_MS = 1000

/** The certificates of one listener. Throws at creation when a file cannot be used: a listener never starts without what it was told to ask for. */
export class ListenerCertificates {
  private loaded: readonly Loaded[]
  private stamp: string
  private readonly config: ListenerTlsConfig
  private readonly timer: NodeJS.Timeout
  /** Called after a reload. */
  onReload: (() => void) | undefined

  constructor(config: ListenerTlsConfig, platform: Platform) {
    this.config = config
    this.stamp = stampOf(filesOf(config))
    this.loaded = load(config)
    this.timer = setInterval(() => this.reload(platform), RELOAD_MS)
    this.timer.unref()
  }

  /** The context for a server name, lower case; the first certificate when none has it. */
  contextFor(serverName: string): SecureContext {
    const name = serverName.toLowerCase()
    const found = this.loaded.find(({ names }) => names.includes(name)) ?? this.loaded.find(({ names }) => names.includes(name.replace(/^[^.]+/, '*'))) ?? this.loaded[0]
    if (found === undefined) throw new Error('a TLS listener without a certificate')
    return found.context
  }

  /** Options of a server context for clients that send no server name. */
  get fallback(): SecureContextOptions {
    return this.loaded[0]?.options ?? {}
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private reload(platform: Platform): void {
    const stamp = stampOf(filesOf(this.config))
    if (stamp === this.stamp) return
    this.stamp = stamp
    try {
      this.loaded = load(this.config)
      this.onReload?.()
      platform.log('info', 'certificates reloaded', { files: filesOf(this.config) })
    } catch (error) {
      platform.log('error', 'changed certificates cannot be used, the running ones stay', { error: (error as Error).message })
    }
  }
}

function load(config: ListenerTlsConfig): Loaded[] {
  const ca = config.clientCa === undefined ? undefined : readCa(config.clientCa)
  return config.certificates.map(({ cert, key }) => {
    const pem = readFileSync(cert)
    const options = { cert: pem, key: readFileSync(key), minVersion: config.minVersion, ...(ca === undefined ? {} : { ca }) }
    return { options, context: createSecureContext(options), names: namesOf(new X509Certificate(pem)) }
  })
}

/** DNS names of a certificate, lower case; its common name only when it has no alternative names. */
function namesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4).toLowerCase())
  const common = /(?:^|\n)CN=([^\n]+)/.exec(certificate.subject)?.[1]
  return names.length > 0 ? names : common === undefined ? [] : [common.toLowerCase()]
}

/** A CA file that is empty or broken must never fall back to the system's roots. */
function readCa(path: string): Buffer {
  const pem = readFileSync(path)
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${path} holds no certificate in PEM`)
  return pem
}

/** Contexts for connections to services, one for each distinct configuration, read again when its files change. */
export function upstreamContexts(): (tls: UpstreamTlsConfig) => SecureContext {
  const contexts = new Map<string, { readonly context: SecureContext; readonly stamp: string; readonly checkedAt: number }>()
  return (tls) => {
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('base64')
    const known = contexts.get(key)
    if (known !== undefined && Date.now() - known.checkedAt < RELOAD_MS) return known.context
    const files = [tls.ca, tls.cert, tls.key].filter((file) => file !== undefined)
    const stamp = stampOf(files)
    const context = known !== undefined && known.stamp === stamp ? known.context : upstreamContext(tls)
    contexts.set(key, { context, stamp, checkedAt: Date.now() })
    return context
  }
}

function upstreamContext(tls: UpstreamTlsConfig): SecureContext {
  return createSecureContext({
    ...(tls.ca === undefined ? {} : { ca: readCa(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: readFileSync(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: readFileSync(tls.key) }),
  })
}

function filesOf(config: ListenerTlsConfig): string[] {
  return [...config.certificates.flatMap(({ cert, key }) => [cert, key]), ...(config.clientCa === undefined ? [] : [config.clientCa])]
}

/** Changes when one of the files does. */
function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? `${file}:gone` : `${file}:${stat.ino}:${stat.size}:${stat.mtimeMs}`
    })
    .join('\n')
}
