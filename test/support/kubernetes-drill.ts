// What drills on a real API server share: slices of live backends, and a gateway that asks it through a fault proxy.
import { networkInterfaces } from 'node:os'
import type { Backend } from './drill/backend.ts'
import type { DrillPlan } from './drill/plan.ts'
import { endpoint } from './fake-k8s.ts'
import { ADMIN, type Kubernetes } from './servers/kubernetes.ts'
import { isLacking } from './servers.ts'

/** An address of this machine that is no loopback address: the API server takes no others. */
const OWN = Object.values(networkInterfaces()).flatMap((each) => each ?? []).find(({ family, internal }) => family === 'IPv4' && !internal)?.address
/** Whether there is none, so that no backend can be listed. */
export const ALONE = isLacking(OWN === undefined, 'drills on a real API server need an IPv4 address that is no loopback address')
/** The reference of the one service of a drill. */
export const REF = 'k8s/default/web:http'

/** Lists a backend under `web`, in a slice of its own, since each has a port of its own. */
export function putBackend(cluster: Pick<Kubernetes, 'put'>, { name, host, port }: Backend, conditions: object = { ready: true }, slice = `web-${name}`): Promise<void> {
  return cluster.put({ name: slice, service: 'web', ports: [{ name: 'http', port, protocol: 'TCP' }], endpoints: [endpoint(host, { conditions, targetRef: { kind: 'Pod', namespace: 'default', name, uid: name } })] })
}

/** With which token the gateway asks; by default one that may do everything. */
export interface KubernetesRights {
  readonly token?: string | undefined
  readonly tokenFile?: string
}

/** `web` with these backends, listed before the gateway starts. */
export function kubernetesPlan(cluster: Kubernetes, backends: readonly string[], rights: KubernetesRights = {}): DrillPlan {
  return {
    host: OWN ?? '',
    upstreams: { k8s: cluster.server.address },
    registries: ({ k8s: address }) => ({ k8s: { address: `https://${address}`, token: ADMIN, ...rights, tls: { ca: cluster.ca }, wait: '10s' } }),
    services: { web: { from: REF, backends } },
    before: async (backend) => {
      for (const name of backends) await putBackend(cluster, backend(name))
    },
  }
}
