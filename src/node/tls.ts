// Certificates of listeners: server contexts by name, read again when their files change. Files that cannot be used leave the
// running certificates in place.
import { X509Certificate } from 'node:crypto'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { messageOf } from '../model/error.ts'
import type { ListenerConfig, ListenerTlsConfig } from '../model/listener-config.ts'
import type { Platform } from '../model/platform.ts'
import { readNamed, secureContext } from './tls-context.ts'
import { readCa, RELOAD_MS, Reloaded } from './tls-files.ts'

/** One certificate of a listener. */
interface Loaded {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  readonly names: readonly string[]
}

/** The certificates of one listener. Throws at creation when a file cannot be used: a listener never starts without what it was told to ask for. */
export class ListenerCertificates {
  private readonly loaded: Reloaded<readonly Loaded[]>
  private readonly timer: NodeJS.Timeout
  /** Called after a reload. */
  onReload: (() => void) | undefined

  constructor(listener: Pick<ListenerConfig, 'name'>, config: ListenerTlsConfig, platform: Platform) {
    try {
      this.loaded = new Reloaded('certificates', filesOf(config), () => load(config), platform)
    } catch (error) {
      throw new Error(`listener ${listener.name}: ${messageOf(error)}`, { cause: error })
    }
    this.timer = setInterval(() => this.loaded.look() && this.onReload?.(), RELOAD_MS)
    this.timer.unref()
  }

  /** The context for a server name, lower case; the first certificate when none has it. */
  contextFor(serverName: string): SecureContext {
    const name = serverName.toLowerCase()
    const { value } = this.loaded
    const found = value.find(({ names }) => names.includes(name)) ?? value.find(({ names }) => names.includes(name.replace(/^[^.]+/, '*'))) ?? value[0]
    if (found === undefined) throw new Error('a TLS listener without a certificate')
    return found.context
  }

  /** Options of a server context for clients that send no server name. */
  get fallback(): SecureContextOptions {
    return this.loaded.value[0]?.options ?? {}
  }

  stop(): void {
    clearInterval(this.timer)
  }
}

function load(config: ListenerTlsConfig): Loaded[] {
  const ca = config.clientCa === undefined ? undefined : readCa(config.clientCa)
  return config.certificates.map(({ cert, key }) => {
    const pem = readNamed(cert)
    const options = { cert: pem, key: readNamed(key), minVersion: config.minVersion, ...(ca === undefined ? {} : { ca }) }
    return { options, context: secureContext(options, { cert, key }), names: namesOf(new X509Certificate(pem)) }
  })
}

/** DNS names of a certificate, lower case; its common name only when it has no alternative names. */
function namesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4).toLowerCase())
  const common = /(?:^|\n)CN=([^\n]+)/.exec(certificate.subject)?.[1]
  return names.length > 0 ? names : common === undefined ? [] : [common.toLowerCase()]
}

function filesOf(config: ListenerTlsConfig): string[] {
  return [...config.certificates.flatMap(({ cert, key }) => [cert, key]), ...(config.clientCa === undefined ? [] : [config.clientCa])]
}
