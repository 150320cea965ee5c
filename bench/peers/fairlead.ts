// Fairlead as a user runs it: one YAML file, one worker, metrics on, header rules on, and a table of the kind that people have.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { main } from '../paths.ts'
import { HOST, routePath, type Peer, type Setup } from '../peer.ts'
import { childrenOf, freePort, launch, listening, stop } from '../process.ts'
import { status } from '../status.ts'

export const fairlead: Peer = {
  name: 'fairlead',
  missing: () => (existsSync(main) ? undefined : `no ${main}`),
  start: async (setup) => startFairlead(setup),
}

/** Starts it with options for Node, which its workers inherit; profiling uses them. */
export async function startFairlead(setup: Setup, nodeOptions = ''): ReturnType<Peer['start']> {
  const [plainPort, tlsPort] = [await freePort(), await freePort()]
  const name = `fairlead-${plainPort}`
  // A table that a program wrote is JSON; a person's is YAML.
  const [kind, write] = setup.tableSize > 1000 ? (['json', JSON.stringify] as const) : (['yaml', stringify] as const)
  const file = join(setup.scratch, `${name}.${kind}`)
  writeFileSync(file, write(configuration(setup, plainPort, tlsPort, name)))
  const child = launch(name, process.execPath, [main, 'run', file], setup.scratch, nodeOptions === '' ? {} : { NODE_OPTIONS: nodeOptions })
  await listening(plainPort, child, name, setup.scratch, READY_SECONDS)
  await serving(plainPort, name)
  const pid = child.pid ?? 0
  const workers = (): number[] => {
    const children = childrenOf(pid)
    return children.length === 0 ? [pid] : children
  }
  return { plainPort, tlsPort, control: pid, workers, stop: async () => stop(child) }
}

/** A table of 100,000 routes takes its time to be read and compiled. */
const READY_SECONDS = 180

/** Waits until the table is in force; ports may be open before. */
async function serving(port: number, name: string): Promise<void> {
  const until = Date.now() + READY_SECONDS * 1000
  while ((await status(port, '/words')) !== 200) {
    if (Date.now() > until) throw new Error(`${name} did not serve its table within ${READY_SECONDS} s`)
    await sleep(50)
  }
}

function configuration(setup: Setup, plainPort: number, tlsPort: number, name: string): object {
  const limits = { idleTimeout: '10m' }
  return {
    listeners: {
      web: { port: plainPort, host: '127.0.0.1', limits },
      secure: { port: tlsPort, host: '127.0.0.1', limits, tls: { cert: setup.certificate.cert, key: setup.certificate.key } },
    },
    admin: { port: 0 },
    accessLog: 'off',
    workers: 1,
    stateDir: join(setup.scratch, name),
    services: {
      backend: { endpoints: [`127.0.0.1:${setup.backend.port}`] },
      echo: { endpoints: [`127.0.0.1:${setup.backend.webSocketPort}`] },
    },
    routes: [...routes(), ...bigTable(setup.tableSize)],
  }
}

/** Two dozen routes; the requests of the bench end at `bench`, past others of the same host that look at headers, cookies and methods first. */
function routes(): object[] {
  const requestHeaders = { set: { 'x-gateway': 'fairlead' }, remove: ['x-debug'] }
  const responseHeaders = { set: { 'x-served-by': 'fairlead' }, remove: ['x-powered-by'] }
  const others = Array.from({ length: 20 }, (_none, n) => ({ name: `other-${n}`, match: { host: `shop-${n}.example.com`, path: `/api/v${n % 3}/**` }, to: 'backend' }))
  return [
    ...others,
    { name: 'testers', match: { host: HOST, path: '/**', headers: { 'x-user': '/^tester-/' } }, to: 'backend' },
    { name: 'preview', match: { host: HOST, path: '/**', cookies: { preview: 'on' } }, to: 'backend' },
    { name: 'removals', match: { host: HOST, path: '/words/**', method: ['DELETE'] }, to: 'backend' },
    { name: 'socket', match: { host: HOST, path: '/socket' }, to: 'echo' },
    { name: 'bench', match: { host: HOST, path: '/**' }, to: 'backend', requestHeaders, responseHeaders, timeout: '15s', retry: { attempts: 1, on: ['connect', 'reset'] } },
  ]
}

function bigTable(size: number): object[] {
  return Array.from({ length: size }, (_none, n) => ({ name: `table-${n}`, match: { host: HOST, path: routePath(n) }, to: 'backend' }))
}
