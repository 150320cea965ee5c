// The backend of every measurement: one nginx worker that answers 47 bytes, takes any body and serves 1 MiB, and a WebSocket
// echo. Its cost is nobody's; it only has to be quicker than the proxies.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, launch, listening, stop } from './process.ts'

export interface Backend {
  readonly port: number
  readonly webSocketPort: number
  stop(): Promise<void>
}

/** 47 bytes with its line end. */
const BODY = '{"word":"gateway","language":"en","length": 7}'

/** Lines that any nginx of the bench needs to keep out of the system's folders. */
export function nginxFrame(scratch: string, name: string, body: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(scratch, `${name}-${kind}`)};`).join('\n  ')
  return `daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 40000;
pid ${join(scratch, `${name}.pid`)};
error_log ${join(scratch, `${name}-error.log`)} error;
events { worker_connections 20000; }
http {
  ${temporary}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  tcp_nodelay on;
${body}
}
`
}

/** Starts both servers of the backend. */
export async function startBackend(scratch: string): Promise<Backend> {
  const [port, webSocketPort] = [await freePort(), await freePort()]
  writeFileSync(join(scratch, 'large'), Buffer.alloc(1 << 20, 'x'))
  const configuration = join(scratch, 'backend.conf')
  writeFileSync(
    configuration,
    nginxFrame(
      scratch,
      'backend',
      `  sendfile on;
  client_max_body_size 0;
  client_body_buffer_size 128k;
  default_type application/json;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${scratch};
    location / { return 200 '${BODY}\\n'; }
    location = /large { }
  }`,
    ),
  )
  const nginx = launch('backend', 'nginx', ['-c', configuration, '-p', scratch], scratch)
  await listening(port, nginx, 'backend', scratch)
  const echo = launch('echo', process.execPath, [join(import.meta.dirname, 'servers', 'echo.ts'), String(webSocketPort)], scratch)
  await listening(webSocketPort, echo, 'echo', scratch)
  return { port, webSocketPort, stop: async () => void (await Promise.all([stop(nginx), stop(echo)])) }
}
