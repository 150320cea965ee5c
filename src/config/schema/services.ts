// `services` and `callers`: what requests are sent to, and who sends them.
import { z } from 'zod'
import { balancers } from '../../balance/list.ts'
import type { BalanceConfig, HashKey, StaticEndpointConfig, UpstreamTlsConfig } from '../../model/service-config.ts'
import type { CallerConfig } from '../../model/table-config.ts'
import { isToken } from '../../model/token.ts'
import { readCidr, readHostPort } from '../address.ts'
import { Complaint } from '../complaint.ts'
import { complain, duration, integer, maybe, named, oneOrMany, plain, section, text } from './values.ts'

const tags = oneOrMany(plain)
const meta = z.record(plain, z.string())
const weight = integer(0, 65_535)

const endpointFields = section({
  host: plain.meta({ description: 'Address or name.', samples: ['10.0.0.1'] }),
  port: integer(1, 65_535).meta({ description: 'TCP port.' }),
  weight: weight.prefault(1).meta({ description: 'Share of traffic relative to the other endpoints, 0 to 65535.' }),
  zone: plain.apply(maybe).meta({ description: 'Zone; gateways prefer endpoints in their own.' }),
  tags: tags.apply(maybe).meta({ description: 'Tags, for subsets.' }),
  meta: meta.apply(maybe).meta({ description: 'Metadata, for subsets.' }),
}).transform(({ tags, meta, ...rest }): StaticEndpointConfig => ({ ...rest, tags: tags ?? [], meta: meta ?? {} }))

const endpoint = z.union([
  text((address): StaticEndpointConfig => {
    const { host, port } = readHostPort(address)
    if (port === 0) throw new Complaint(`'${address}' has port 0`, 'an endpoint has a port from 1 to 65535')
    return { host, port, weight: 1, tags: [], meta: {} }
  }),
  endpointFields,
])

const subset = section({
  tags: tags.apply(maybe).meta({ description: 'Tags that an endpoint must all have.', samples: [['v2']] }),
  meta: meta.apply(maybe).meta({ description: 'Metadata that an endpoint must have.', samples: [{ version: '2' }] }),
}).transform((given, context) => {
  if (context.issues.length === 0 && given.tags === undefined && given.meta === undefined) complain(context, given, 'a subset needs tags or meta')
  return { tags: given.tags ?? [], meta: given.meta ?? {} }
})

const SIMPLE = ['peak-ewma', 'least-request', 'round-robin', 'random'] as const
const HASHED = ['ring-hash', 'maglev'] as const

function readFieldName(name: string): string {
  if (!isToken(name)) throw new Complaint(`'${name}' is not the name of a header or a cookie`)
  return name
}

const hashKey = z.union([
  z.literal('source').transform((): HashKey => ({ kind: 'source' })),
  section({
    header: text(readFieldName).apply(maybe).meta({ description: 'Header whose value is hashed.', samples: ['x-user'] }),
    cookie: text(readFieldName).apply(maybe).meta({ description: 'Cookie whose value is hashed.', samples: ['session'] }),
  }).transform((given, context): HashKey => {
    if ((given.header === undefined) === (given.cookie === undefined)) complain(context, given, 'give a header or a cookie')
    return given.header === undefined ? { kind: 'cookie', name: given.cookie ?? '' } : { kind: 'header', name: given.header.toLowerCase() }
  }),
])

const balance = z.union([
  z.enum([...SIMPLE, ...HASHED]).transform((kind, context): BalanceConfig => {
    if (kind !== 'ring-hash' && kind !== 'maglev') return { kind }
    complain(context, kind, `${kind} needs to know what to hash`, `write { kind: ${kind}, by: source } or by: { header: x-user }`)
    return z.NEVER
  }),
  section({
    kind: z.enum(HASHED).meta({ description: 'Balancer that keeps a key on one endpoint.' }),
    by: hashKey.meta({ description: 'What is hashed: `source` (the client address), a header or a cookie. Without it, or when it is empty, the client address.', samples: ['source', { header: 'x-user' }] }),
  }),
])

const upstreamTls = z.union([
  z.boolean().transform((on): UpstreamTlsConfig | undefined => (on ? { verify: true } : undefined)),
  section({
    serverName: plain.apply(maybe).meta({ description: "Name to ask for and to check. Default: the endpoint's host." }),
    ca: plain.apply(maybe).meta({ description: 'PEM file with the CA. Default: the public ones.', samples: ['ca.pem'] }),
    cert: plain.apply(maybe).meta({ description: 'PEM file with the client certificate.' }),
    key: plain.apply(maybe).meta({ description: 'PEM file with its private key.' }),
    verify: z.boolean().prefault(true).meta({ description: 'False accepts any certificate.' }),
  }).transform((given, context): UpstreamTlsConfig => {
    if ((given.cert === undefined) !== (given.key === undefined)) complain(context, given, 'cert and key come together')
    return given
  }),
])

const service = section({
  from: oneOrMany(plain)
    .apply(maybe)
    .meta({ description: 'References into registries in order of preference: the first with usable endpoints is used, the next ones wait in reserve.', samples: [['consul/words', 'file/words'], 'consul/words?tag=v2&dc=dc1'] }),
  merge: z.boolean().apply(maybe).meta({ description: 'True uses the endpoints of all references in `from` together, each address once. Default: false.' }),
  endpoints: z
    .array(endpoint)
    .min(1)
    .apply(maybe)
    .meta({ description: 'Addresses instead of `from`: `host:port`, or a map.', samples: [['10.0.0.1:80', { host: '10.0.0.2', port: 80, weight: 2 }]] }),
  subsets: named(subset).prefault({}).meta({ description: 'Named parts of the service, chosen by tags and metadata; a route names one as `service/subset`.' }),
  balance: balance.prefault('peak-ewma').meta({ description: `How requests are spread. ${balancers.map(({ name, doc }) => `\`${name}\`: ${doc}`).join(' ')} The last two need \`by\`.`, samples: ['round-robin', { kind: 'maglev', by: 'source' }] }),
  tls: upstreamTls.apply(maybe).meta({ description: 'TLS to the endpoints.' }),
  connectTimeout: duration.prefault('1s').meta({ description: 'Time to connect to an endpoint; `0s` for no limit but the timeout of the route.' }),
  maxConnections: integer(1, 1_000_000).prefault(1024).meta({ description: 'Connections to one endpoint in one worker; further requests are refused with `overloaded`.' }),
  proxyProtocol: z.enum(['v1', 'v2']).apply(maybe).meta({ description: 'Write a PROXY protocol header to each new connection.' }),
}).transform((given, context) => {
  if (context.issues.length === 0 && (given.from === undefined) === (given.endpoints === undefined)) complain(context, given, 'give either from or endpoints')
  return given
})

/** A service without its name; `from` still as written. */
export type ServiceBody = z.output<typeof service>

export const services = named(service).meta({ description: 'Services by name. Only needed for subsets, balancers, failover and static addresses: a route may name a registry directly.' })

const caller = section({
  spiffe: oneOrMany(
    text((uri) => {
      if (!/^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(uri)) throw new Complaint(`'${uri}' is not an URI name`, 'write spiffe://domain/path')
      return uri
    }),
  )
    .apply(maybe)
    .meta({ description: 'URI names in a verified client certificate, any of which is enough.', samples: ['spiffe://dc1/svc/simon'] }),
  cidr: oneOrMany(text(readCidr)).apply(maybe).meta({ description: 'Addresses, any of which is enough.', samples: [['10.1.2.0/24']] }),
}).transform((given, context): Omit<CallerConfig, 'name'> => {
  if (context.issues.length === 0 && given.spiffe === undefined && given.cidr === undefined) complain(context, given, 'a caller needs spiffe or cidr')
  return { spiffe: given.spiffe ?? [], cidr: given.cidr ?? [] }
})

export const callers = named(caller).meta({ description: 'Who is calling, by name; used by `match.source`.' })
