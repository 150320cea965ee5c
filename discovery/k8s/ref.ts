// What a reference into a Kubernetes registry names: `namespace/service:port`.
import type { ServiceRef } from '../../src/model/discoverer.ts'

/** A service, and which of its ports. */
export interface K8sRef {
  readonly namespace: string
  readonly service: string
  /** Name or number of the port; undefined for the only one. */
  readonly port: string | number | undefined
  /** Which addresses to use of a service that has both; undefined for IPv4 where there is any. */
  readonly family: 'IPv4' | 'IPv6' | undefined
}

// The name of a port is a label of DNS: the 15 characters of a container's port name do not bound it.
const REF = /^(?:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/)?([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)(?::([-a-z0-9]{1,63}))?$/

/** Reads a reference; a text for people where it is none. */
export function readK8sRef(ref: ServiceRef, namespace: string): K8sRef | string {
  const match = REF.exec(ref.name)
  if (match === null) return `'${ref.name}' does not name a service; write ${ref.registry}/namespace/service or ${ref.registry}/namespace/service:port`
  const { family: said = '' } = ref.options
  const family = { '': undefined, ipv4: 'IPv4', ipv6: 'IPv6' } as const
  if (!Object.hasOwn(family, said)) return `family=${said} is neither ipv4 nor ipv6`
  const port = match[3]
  return { namespace: match[1] ?? namespace, service: match[2] ?? '', port: port !== undefined && /^\d+$/.test(port) ? Number(port) : port, family: family[said as keyof typeof family] }
}
