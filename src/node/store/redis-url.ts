// From a Redis URL to ioredis options. Read here instead of by ioredis so that messages can name the server without its
// password, and so that a group behind Sentinels has an URL too.
import type { RedisOptions } from 'ioredis'

export interface RedisTarget {
  readonly options: RedisOptions
  /** For messages: `host:port`, never a password. */
  readonly where: string
  /** Texts that no message may hold. */
  readonly secrets: readonly string[]
}

const FORMS = 'write redis://[[user]:password@]host[:6379][/db], rediss://… for TLS, redis+sentinel://[[user]:password@]host1:26379,host2:26379/group[/db], or unix:///path/to/socket'

/** Parses an URL; a text instead of a target says what is wrong with it, without repeating it. */
export function parseRedisUrl(url: string): RedisTarget | string {
  const parts = /^(rediss?|rediss?\+sentinel|unix):\/\/(?:([^@/]*)@)?([^/?#]*)(\/[^?#]*)?(\?[^#]*)?$/i.exec(url.trim())
  if (parts === null) return `this is not a Redis URL: ${FORMS}`
  const [, scheme = '', login = '', hosts = '', path = '', query = ''] = parts
  const user = readLogin(login)
  if (user === undefined) return 'user and password of the Redis URL must be percent-encoded'
  const form = scheme.toLowerCase()
  const found = form === 'unix' ? unixTarget(path, query) : form.endsWith('+sentinel') ? sentinelTarget(hosts, path, query) : plainTarget(hosts, path)
  if (typeof found === 'string') return found
  const tls = form.startsWith('rediss') ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}
  const secrets = [user.password, found.options.sentinelPassword, login].filter((secret): secret is string => typeof secret === 'string' && secret !== '')
  return { where: found.where, options: { ...user, ...found.options, ...tls }, secrets }
}

type Found = { readonly options: RedisOptions; readonly where: string }

function plainTarget(hosts: string, path: string): Found | string {
  const address = readAddress(hosts, 6379)
  const db = readDatabase(path.slice(1))
  if (address === undefined) return `the host or port of the Redis URL is wrong: ${FORMS}`
  if (db === undefined) return `the database of the Redis URL must be a number: ${FORMS}`
  return { options: { ...address, db }, where: shown(address) }
}

function sentinelTarget(hosts: string, path: string, query: string): Found | string {
  const sentinels = hosts.split(',').map((host) => readAddress(host, 26_379))
  const known = sentinels.filter((sentinel) => sentinel !== undefined)
  const [group = '', database = ''] = path.slice(1).split('/')
  const db = readDatabase(database)
  if (known.length !== sentinels.length || group === '' || db === undefined) return `the Sentinels, the group or the database of the Redis URL are wrong: ${FORMS}`
  const password = new URLSearchParams(query).get('sentinelPassword')
  return {
    options: { sentinels: known, name: group, db, ...(password === null ? {} : { sentinelPassword: password }) },
    where: `group ${group} of Sentinels ${known.map(shown).join(', ')}`,
  }
}

function unixTarget(path: string, query: string): Found | string {
  const db = readDatabase(new URLSearchParams(query).get('db') ?? '')
  if (path.length < 2 || db === undefined) return `the socket path of the Redis URL is wrong: ${FORMS}`
  return { options: { path, db }, where: path }
}

function readAddress(text: string, defaultPort: number): { readonly host: string; readonly port: number } | undefined {
  const parts = /^(\[[0-9a-f:.]+\]|[^\s:[\]]*)(?::(\d{1,5}))?$/i.exec(text)
  if (parts === null) return undefined
  const port = parts[2] === undefined ? defaultPort : Number(parts[2])
  const host = (parts[1] ?? '').replace(/^\[|\]$/g, '')
  return port < 1 || port > 65_535 ? undefined : { host: host === '' ? '127.0.0.1' : host, port }
}

function shown({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function readDatabase(text: string): number | undefined {
  if (text === '') return 0
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined
}

function readLogin(login: string): { readonly username?: string; readonly password?: string } | undefined {
  const [user = '', ...rest] = login.split(':')
  try {
    const username = decodeURIComponent(user)
    const password = decodeURIComponent(rest.join(':'))
    return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
  } catch {
    return undefined
  }
}
