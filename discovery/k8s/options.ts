// Options of a Kubernetes registry as people write them, and what a pod finds without any.
import { z } from 'zod'
import type { Capabilities } from '../adapter.ts'
import { commonOptions, duration, tlsOption } from '../option-words.ts'

const address = z.url({ protocol: /^https?$/, error: 'must be the https:// URL of a Kubernetes API server, such as https://10.0.0.1:6443' })

/** Where a pod finds its identity and whom to trust. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The same server under its name, which a pod on its node's network need not be able to look up. */
const BY_NAME = 'https://kubernetes.default.svc'

/** Schema of `registries.<name>` of type `k8s`. */
export const k8sOptions = z.strictObject({
  address: z
    .union([address, z.array(address).min(1).max(16)])
    .optional()
    .describe(`URL of the API server, or several: the next one is tried when one fails. Without it the gateway runs in a pod: the server that KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name, else https://kubernetes.default.svc, with the token and the authority in ${SERVICE_ACCOUNT}.`),
  token: z.string().min(1).optional().describe('Bearer token. It needs get, list and watch on endpointslices (group discovery.k8s.io) in the namespaces that are named.'),
  tokenFile: z.string().min(1).optional().describe('File that holds the token; read again before each question, since such tokens are renewed about each hour.'),
  namespace: z.string().min(1).max(63).default('default').describe('Namespace of references that name none.'),
  wait: duration(5000, 300_000, '60s').describe('Longest time of one watch, 5s to 5min, after which it goes on with another. It bounds how long a connection that died without a word goes unnoticed.'),
  tls: tlsOption,
  ...commonOptions,
})

/** The options after parsing. */
export type K8sOptions = z.infer<typeof k8sOptions>

/** Fills in what holds inside a cluster, where the options do not say where the API server is. `told` is what the pod's environment says of it. */
export function inCluster(options: K8sOptions, told?: Capabilities['apiServer']): K8sOptions & { readonly address: string | readonly string[] } {
  if (options.address !== undefined) return { ...options, address: options.address }
  const tokenFile = options.token === undefined ? (options.tokenFile ?? `${SERVICE_ACCOUNT}/token`) : undefined
  const { tokenFile: _, ...rest } = options
  return { ...rest, address: addressOf(told) ?? BY_NAME, ...(tokenFile === undefined ? {} : { tokenFile }), tls: options.tls ?? { ca: `${SERVICE_ACCOUNT}/ca.crt`, verify: true } }
}

function addressOf(told: Capabilities['apiServer']): string | undefined {
  if (told === undefined) return undefined
  const url = `https://${told.host.includes(':') && !told.host.startsWith('[') ? `[${told.host}]` : told.host}:${told.port}`
  return address.safeParse(url).success ? url : undefined
}
