// HAProxy with one thread and keep-alive on both sides.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer } from '../peer.ts'
import { freePort, launch, listening, stop } from '../process.ts'
import { hasProgram } from './nginx.ts'

export const haproxy: Peer = {
  name: 'haproxy',
  missing: () => (hasProgram('haproxy', '-v') ? undefined : 'no haproxy; install the package haproxy'),
  async start({ backend, certificate, scratch }) {
    const [plainPort, tlsPort] = [await freePort(), await freePort()]
    const name = `haproxy-${plainPort}`
    const file = join(scratch, `${name}.cfg`)
    const pem = join(scratch, `${name}.pem`)
    writeFileSync(pem, readFileSync(certificate.cert, 'utf8') + readFileSync(certificate.key, 'utf8'))
    writeFileSync(
      file,
      `global
  nbthread 1
  # It wants two descriptors for each; 20,000 is the most that some machines give.
  maxconn 9900
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 2s
  timeout client 600s
  timeout server 600s
  timeout tunnel 600s
  timeout http-keep-alive 600s
frontend in
  bind 127.0.0.1:${plainPort} backlog 4096
  bind 127.0.0.1:${tlsPort} ssl crt ${pem} backlog 4096
  http-request set-header X-Forwarded-Proto http
  use_backend echo if { path /socket }
  default_backend origin
backend origin
  server one 127.0.0.1:${backend.port} pool-max-conn 256
backend echo
  server one 127.0.0.1:${backend.webSocketPort}
`,
    )
    const child = launch(name, 'haproxy', ['-db', '-f', file], scratch)
    await listening(plainPort, child, name, scratch)
    return { plainPort, tlsPort, workers: () => [child.pid ?? 0], stop: async () => stop(child) }
  },
}
