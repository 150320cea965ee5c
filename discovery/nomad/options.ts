// Options of a Nomad registry as people write them.
import { z } from 'zod'
import { commonOptions, duration, tlsOption } from '../option-words.ts'

const address = z
  .string()
  .refine((text) => /^unix:\/./.test(text) || (/^https?:\/\/[^/@]+(\/[^@]*)?$/.test(text) && URL.canParse(text)), 'must be the http:// or https:// URL of a Nomad agent, such as http://127.0.0.1:4646, or unix: and the path of a socket')
const namespace = z.string().regex(/^(\*|[a-zA-Z0-9-]{1,128})$/, 'must be the name of a namespace, or * for all')

/** Schema of `registries.<name>` of type `nomad`. */
export const nomadOptions = z.strictObject({
  address: z
    .union([address, z.array(address).min(1).max(16)])
    .default('http://127.0.0.1:4646')
    .describe('URL of the agent, or several: the next one is tried when one fails. `unix:${NOMAD_SECRETS_DIR}/api.sock` is the agent as a task of Nomad reaches it.'),
  token: z.string().min(1).optional().describe('ACL token or workload identity. Needs read-job in the namespaces that are watched.'),
  tokenFile: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the token, such as `${NOMAD_SECRETS_DIR}/nomad_token`; read again before each question, so it may be rotated.'),
  namespaces: z
    .array(namespace)
    .min(1)
    .max(16)
    .default(['default'])
    .describe('Namespaces in which a service is looked for; `*` is every one that the token may read. A reference may say others: `?namespace=shop`.'),
  region: z.string().min(1).optional().describe('Region to ask for; default the agent’s own. A reference may say another: `?region=eu`.'),
  checks: z
    .boolean()
    .default(true)
    .describe('Ask the clients for the state of the checks of each allocation, since Nomad lists instances whose checks fail. One question an allocation and `checksEvery`.'),
  checksEvery: duration(1000, 600_000, '10s').describe('How often the checks of an allocation are asked for, 1s to 10m; less often where a service has many.'),
  tls: tlsOption,
  ...commonOptions,
})

/** The options after parsing. */
export type NomadOptions = z.infer<typeof nomadOptions>
