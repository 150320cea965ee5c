// Every contestant, in the order in which they are shown and driven.
import type { Peer } from '../peer.ts'
import { envoy } from './envoy.ts'
import { fairlead } from './fairlead.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { fastify, httpProxy3 } from './node.ts'

export const peers: readonly Peer[] = [fairlead, nginx, haproxy, envoy, fastify, httpProxy3]
