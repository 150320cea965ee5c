// Options of a Consul registry as people write them.
import { z } from 'zod'
import { commonOptions, duration, tlsOption } from '../option-words.ts'

const address = z.url({ protocol: /^https?$/, error: 'must be the http:// or https:// URL of a Consul agent, such as http://127.0.0.1:8500' })

/** Schema of `registries.<name>` of type `consul`. */
export const consulOptions = z.strictObject({
  address: z
    .union([address, z.array(address).min(1).max(16)])
    .default('http://127.0.0.1:8500')
    .describe('URL of the agent, or several: the next one is tried when one fails.'),
  token: z.string().min(1).optional().describe('ACL token. Needs service:read and node:read on what is watched.'),
  tokenFile: z.string().min(1).optional().describe('File that holds the ACL token; read again before each question, so it may be rotated.'),
  datacenter: z.string().min(1).optional().describe('Datacenter to ask for; default the agent’s own. A reference may say another: `?dc=dc2`.'),
  namespace: z.string().min(1).optional().describe('Namespace (Consul Enterprise; other servers refuse it).'),
  partition: z.string().min(1).optional().describe('Admin partition (Consul Enterprise; other servers refuse it).'),
  wait: duration(1000, 60_000, '45s').describe('Longest time of one blocking query, 1s to 60s. It bounds how long a rebuilt cluster goes unnoticed.'),
  zoneKey: z.string().min(1).default('zone').describe('Key in the metadata of the service, else of the node, that names the zone of an endpoint.'),
  tls: tlsOption,
  ...commonOptions,
})

/** The options after parsing. */
export type ConsulOptions = z.infer<typeof consulOptions>
