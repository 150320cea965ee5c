// Options of a Eureka registry as people write them.
import { z } from 'zod'
import { commonOptions, duration, tlsOption } from '../option-words.ts'

const SHAPE = 'must be the http:// or https:// base of a Eureka server, such as http://127.0.0.1:8761/eureka (percent-encode / ? # @ and : in a password)'
const address = z.url({ protocol: /^https?$/, error: SHAPE })
const addresses = z.union([address, z.array(address).min(1).max(16)], { error: SHAPE })
const byZone = z.record(z.string().min(1), addresses).refine((zones) => Object.keys(zones).length > 0, 'must name a server')

const announce = z.strictObject({
  app: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .describe('Application to register as; Eureka writes it in capitals.'),
  vip: z.string().min(1).optional().describe('Virtual address, for clients that look up by it. Default: the application in small letters.'),
  listener: z.string().min(1).optional().describe('Listener whose port is announced, as the secure port when it has TLS. Default: the first.'),
  host: z.string().min(1).optional().describe('Host name to announce. Default: the name of this machine.'),
  ip: z.union([z.ipv4(), z.ipv6()]).optional().describe('Address to announce. Default: the first of this machine that is not loopback.'),
  port: z.int().min(1).max(65_535).optional().describe('Port by which clients reach the listener, where that is another one. Default: the port of the listener.'),
  meta: z.record(z.string().min(1), z.string()).default({}).describe('Metadata of the instance. The `zone` of the registry is added.'),
  heartbeat: duration(1000, 300_000, '30s').describe('Between two heartbeats. The lease is three times as long.'),
  drain: duration(0, 600_000, '60s').describe('How long requests are still taken after OUT_OF_SERVICE was said, since servers and clients keep what they know for up to 90 s. 0s goes on at once.'),
})

/** Schema of `registries.<name>` of type `eureka`. */
export const eurekaOptions = z.strictObject({
  address: z
    .union([addresses, byZone], { error: SHAPE })
    .default('http://127.0.0.1:8761/eureka')
    .describe('Base URL of the server, or several, or several by zone (`{ zone-a: URL, zone-b: [URL, URL] }`). One is used while it works, those of the own zone first. User and password may stand in the URL.'),
  zone: z.string().min(1).optional().describe('Zone of this gateway, as `address` names them.'),
  every: duration(1000, 300_000, '15s').describe('How often changes are asked for. A server renews its answers each 30 s, so less than 15s brings little.'),
  host: z.enum(['ip', 'name']).default('ip').describe('Whether requests go to the address or to the host name that an instance registered. Names out of containers often cannot be resolved.'),
  secure: z.boolean().default(false).describe('Use the secure port of instances. A reference may say otherwise: `?secure=true`.'),
  weightKey: z.string().min(1).default('weight').describe('Key in the metadata that holds the weight of an instance.'),
  zoneKey: z.string().min(1).default('zone').describe('Key in the metadata that names its zone; without it the availability zone of Amazon counts.'),
  tagsKey: z.string().min(1).default('tags').describe('Key in the metadata that holds its tags, separated by commas.'),
  announce: announce.optional().describe('Registers this gateway (on Node only): UP once it serves, OUT_OF_SERVICE when it drains, then gone.'),
  tls: tlsOption,
  ...commonOptions,
  allowEmpty: commonOptions.allowEmpty.describe('Believe at once that instances are gone of which the registry did not say so. By default they are kept until it has confirmed it over 3 min, two leases long.'),
})

/** The options after parsing. */
export type EurekaOptions = z.infer<typeof eurekaOptions>
