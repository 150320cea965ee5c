// nginx as a reverse proxy, the way its own documentation sets one up for keep-alive upstreams.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxFrame } from '../backend.ts'
import { routePath, type Peer, type Setup } from '../peer.ts'
import { childrenOf, freePort, launch, listening, stop } from '../process.ts'

export function hasProgram(name: string, argument: string): boolean {
  try {
    execFileSync(name, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const nginx: Peer = {
  name: 'nginx',
  missing: () => (hasProgram('nginx', '-v') ? undefined : 'no nginx; install the package nginx-light'),
  async start(setup) {
    const [plainPort, tlsPort] = [await freePort(), await freePort()]
    const name = `nginx-${plainPort}`
    const file = join(setup.scratch, `${name}.conf`)
    writeFileSync(file, nginxFrame(setup.scratch, name, server(setup, plainPort, tlsPort)))
    const child = launch(name, 'nginx', ['-c', file, '-p', setup.scratch], setup.scratch)
    await listening(plainPort, child, name, setup.scratch)
    const pid = child.pid ?? 0
    return { plainPort, tlsPort, control: pid, workers: () => childrenOf(pid), stop: async () => stop(child) }
  },
}

function server(setup: Setup, plainPort: number, tlsPort: number): string {
  const { backend, certificate, tableSize } = setup
  return `${bigTable(tableSize)}
  upstream backend { server 127.0.0.1:${backend.port}; keepalive 256; keepalive_requests 1000000000; }
  upstream echo { server 127.0.0.1:${backend.webSocketPort}; }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  proxy_http_version 1.1;
  proxy_set_header Host $host;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_buffer_size 16k;
  proxy_buffers 16 64k;
  proxy_busy_buffers_size 256k;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${plainPort} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl backlog=4096;
    ssl_certificate ${certificate.cert};
    ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { proxy_pass http://${tableSize === 0 ? 'backend' : '$pool'}; }
    location = /socket { proxy_pass http://echo; proxy_read_timeout 600s; }
  }`
}

/** A hash from path to upstream: nginx's own way for tables of any size (100,000 locations take it minutes to sort). */
function bigTable(size: number): string {
  if (size === 0) return ''
  const lines = Array.from({ length: size }, (_none, n) => `    ${routePath(n)} backend;`).join('\n')
  return `
  map_hash_max_size 262144;
  map_hash_bucket_size 128;
  map $uri $pool {
    default backend;
${lines}
  }`
}
