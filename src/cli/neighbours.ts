// The registries that may run beside a gateway without a file, and what the environment of their own tools says of them.
import type { CliIo } from './io.ts'

/** One registry that may run beside the gateway, asked as its own tools ask it. */
export interface Neighbour {
  readonly name: string
  readonly title: string
  /** What its environment variables begin with. */
  readonly prefix: string
  /** The one with its address. */
  readonly variable: string
  readonly fallback: string
  /** Path that answers 200 when it is there. */
  readonly probe: string
  /** Whether it can be asked over a socket of the file system. */
  readonly sockets: boolean
  /** Options in the configuration besides address and tls. */
  options(env: CliIo['env']): Record<string, unknown>
  /** False accepts any certificate. */
  verifies(env: CliIo['env']): boolean
}

/** In order of precedence. */
export const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: 'consul',
    title: 'Consul agent',
    prefix: 'CONSUL',
    variable: 'CONSUL_HTTP_ADDR',
    fallback: '127.0.0.1:8500',
    probe: '/v1/status/leader',
    sockets: false,
    options: (env) => ({
      ...given('token', env['CONSUL_HTTP_TOKEN']),
      ...(env['CONSUL_HTTP_TOKEN'] ? {} : given('tokenFile', env['CONSUL_HTTP_TOKEN_FILE'])),
      ...given('namespace', env['CONSUL_NAMESPACE']),
      ...given('partition', env['CONSUL_PARTITION']),
    }),
    verifies: (env) => boolOf(env['CONSUL_HTTP_SSL_VERIFY']) !== false,
  },
  {
    name: 'nomad',
    title: 'Nomad agent',
    prefix: 'NOMAD',
    variable: 'NOMAD_ADDR',
    fallback: '127.0.0.1:4646',
    probe: '/v1/status/leader',
    sockets: true,
    options: (env) => ({ ...given('token', env['NOMAD_TOKEN']), ...given('region', env['NOMAD_REGION']), ...(env['NOMAD_NAMESPACE'] ? { namespaces: [env['NOMAD_NAMESPACE']] } : {}) }),
    verifies: (env) => boolOf(env['NOMAD_SKIP_VERIFY']) !== true,
  },
]

/** Whether the environment says where it is. */
export function isNamed({ variable }: Neighbour, env: CliIo['env']): boolean {
  return env[variable] !== undefined && env[variable] !== ''
}

/** A URL, or `unix:` and a path. */
export function addressOf({ variable, fallback }: Neighbour, env: CliIo['env']): string {
  const written = env[variable] || fallback
  if (/^(?:https?:\/\/|unix:)/.test(written)) return written.replace(/\/+$/, '')
  return `${variable === 'CONSUL_HTTP_ADDR' && boolOf(env['CONSUL_HTTP_SSL']) === true ? 'https' : 'http'}://${written.replace(/\/+$/, '')}`
}

/** The registry as the configuration has it. */
export function registryOf(one: Neighbour, env: CliIo['env']): Readonly<Record<string, unknown>> {
  const address = addressOf(one, env)
  const tls = address.startsWith('https:') ? tlsOf(one, env) : {}
  return { address, ...one.options(env), ...(Object.keys(tls).length === 0 ? {} : { tls }) }
}

/** What is set and has no meaning here, for people. */
export function unreadOf({ prefix }: Neighbour, env: CliIo['env']): readonly string[] {
  const [folder, file] = [`${prefix}_CAPATH`, `${prefix}_CACERT`]
  return env[folder] && !env[file] ? [`${folder} is not read: put the certificates of its authorities into one file, and name that in ${file}`] : []
}

// These are called alike: `CONSUL_CACERT`, `NOMAD_CLIENT_KEY`.
function tlsOf(one: Neighbour, env: CliIo['env']): Record<string, unknown> {
  const [ca, cert, key, serverName] = ['CACERT', 'CLIENT_CERT', 'CLIENT_KEY', 'TLS_SERVER_NAME'].map((name) => env[`${one.prefix}_${name}`])
  return { ...given('ca', ca), ...given('cert', cert), ...given('key', key), ...given('serverName', serverName), ...(one.verifies(env) ? {} : { verify: false }) }
}

/** As Go's `strconv.ParseBool` reads it, and so both; undefined for anything else. */
function boolOf(value: string | undefined): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value ?? '')) return true
  return /^(?:0|f|F|FALSE|false|False)$/.test(value ?? '') ? false : undefined
}

function given(key: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === '' ? {} : { [key]: value }
}
