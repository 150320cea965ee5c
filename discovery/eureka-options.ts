// Options of a Eureka registry as people write them.
import { z } from 'zod'
import { commonOptions, duration, tlsOption } from './adapter.ts'

const SHAPE = 'must be the http:// or https:// base of a Eureka server, such as http://127.0.0.1:8761/eureka (percent-encode / ? # @ and : in a password)'
const address = z.url({ protocol: /^https?$/, error: SHAPE })
const addresses = z.union([address, z.array(address).min(1).max(16)], { error: SHAPE })
const byZone = z.record(z.string().min(1), addresses).refine((zones) => Object.keys(zones).length > 0, 'must name a server')

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
  tls: tlsOption,
  ...commonOptions,
  allowEmpty: commonOptions.allowEmpty.describe('Believe at once that instances are gone of which the registry did not say so. By default they are kept until it has confirmed it over 3 min, two leases long.'),
})

/** The options after parsing. */
export type EurekaOptions = z.infer<typeof eurekaOptions>
