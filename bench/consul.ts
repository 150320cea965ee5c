// node bench/consul.ts: what a gateway that watches 100 services asks of a real Consul agent, beside Traefik and fabio where
// they are on PATH (both are built by Go). bench/README.md has the method.
import { execFileSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findServer } from '../scripts/servers/list.ts'
import { main, scratchFolder } from './paths.ts'
import { cpuMicros, freePort, launch, listening, stop } from './process.ts'
import { startRelay, type Relay } from './scale/relay.ts'

const { values } = parseArgs({ options: { services: { type: 'string', default: '100' }, instances: { type: 'string', default: '5' }, seconds: { type: 'string', default: '30' }, changes: { type: 'string', default: '5' } } })
const [services, instances, seconds, changes] = [Number(values.services), Number(values.instances), Number(values.seconds), Number(values.changes)]
const scratch = scratchFolder()

const consul = findServer('consul')
if (consul === undefined) throw new Error('there is no consul; run `npm run servers consul`')
const [http, dns, rpc, lan, wan, grpc] = await Promise.all(Array.from({ length: 6 }, () => freePort()))
const agent = launch('consul', consul, ['agent', '-dev', '-node', 'n1', '-bind', '127.0.0.1', '-client', '127.0.0.1', '-log-level', 'warn', '-http-port', `${http}`, '-dns-port', `${dns}`, '-server-port', `${rpc}`, '-serf-lan-port', `${lan}`, '-serf-wan-port', `${wan}`, '-grpc-port', `${grpc}`, '-grpc-tls-port', '-1'], scratch)
await listening(http ?? 0, agent, 'consul', scratch)
const url = `http://127.0.0.1:${http}`

const name = (service: number): string => `service-${service}`
const register = async (service: number, instance: number, version: number): Promise<void> => {
  const tags = [`urlprefix-${name(service)}.bench/`, 'traefik.enable=true', `traefik.http.routers.${name(service)}.rule=Host(\`${name(service)}.bench\`)`]
  const body = JSON.stringify({ ID: `${name(service)}-${instance}`, Name: name(service), Address: '127.0.0.1', Port: 20_000 + service * instances + instance, Tags: tags, Meta: { version: String(version) }, Check: { TTL: '24h', Status: 'passing' } })
  const answer = await fetch(`${url}/v1/agent/service/register`, { method: 'PUT', body })
  if (!answer.ok) throw new Error(`register: ${answer.status} ${await answer.text()}`)
}
while (!(await fetch(`${url}/v1/health/service/consul?passing`).then((answer) => answer.text()).catch(() => '')).includes('n1')) await sleep(100)
for (let service = 0; service < services; service++) for (let instance = 0; instance < instances; instance++) await register(service, instance, 1)

/** One that watches: how to start it on these ports. */
interface Watcher {
  readonly name: string
  start(relay: Relay, port: number, admin: number): ChildProcess | undefined
}

const onPath = (program: string): string | undefined => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program)).find(existsSync)

const watchers: readonly Watcher[] = [
  {
    name: 'fairlead',
    start(relay, port, admin) {
      const file = join(scratch, 'fairlead.json')
      const routes = Array.from({ length: services }, (_, service) => ({ match: `${name(service)}.bench/**`, to: `consul/${name(service)}` }))
      writeFileSync(file, JSON.stringify({ listeners: { web: { port, host: '127.0.0.1' } }, admin: { port: admin }, accessLog: 'off', workers: 1, stateDir: join(scratch, 'state'), registries: { consul: { address: `http://127.0.0.1:${relay.port}` } }, routes }))
      return launch('fairlead', process.execPath, [main, 'run', file], scratch)
    },
  },
  {
    name: 'traefik',
    start(relay, port) {
      const program = onPath('traefik')
      const args = [`--entrypoints.web.address=127.0.0.1:${port}`, '--providers.consulcatalog=true', `--providers.consulcatalog.endpoint.address=127.0.0.1:${relay.port}`, '--providers.consulcatalog.exposedByDefault=false', '--global.checknewversion=false', '--global.sendanonymoususage=false']
      return program === undefined ? undefined : launch('traefik', program, args, scratch)
    },
  },
  {
    name: 'traefik, watching',
    start(relay, port) {
      const program = onPath('traefik')
      const args = [`--entrypoints.web.address=127.0.0.1:${port}`, '--providers.consulcatalog=true', `--providers.consulcatalog.endpoint.address=127.0.0.1:${relay.port}`, '--providers.consulcatalog.exposedByDefault=false', '--providers.consulcatalog.watch=true', '--global.checknewversion=false', '--global.sendanonymoususage=false']
      return program === undefined ? undefined : launch('traefik-watch', program, args, scratch)
    },
  },
  {
    name: 'fabio',
    start(relay, port, admin) {
      const program = onPath('fabio')
      return program === undefined ? undefined : launch('fabio', program, ['-proxy.addr', `127.0.0.1:${port}`, '-ui.addr', `127.0.0.1:${admin}`, '-registry.consul.addr', `127.0.0.1:${relay.port}`, '-registry.consul.register.enabled=false'], scratch)
    },
  },
]

async function measure(watcher: Watcher): Promise<void> {
  const relay = await startRelay(url)
  const [port, admin] = [await freePort(), await freePort()]
  const child = watcher.start(relay, port, admin)
  if (child === undefined) {
    console.log(`| ${watcher.name} | not on PATH |`)
    return relay.stop()
  }
  await listening(port, child, watcher.name, scratch)
  await sleep(10_000)
  const start = relay.take()
  const phase = async (work: () => Promise<void>): Promise<string> => {
    relay.take()
    const [cpu, began] = [cpuMicros(agent.pid ?? 0), performance.now()]
    await work()
    const [{ requests, bytes }, elapsed] = [relay.take(), (performance.now() - began) / 1000]
    return `${(requests / elapsed).toFixed(1)} | ${(bytes / elapsed / 1024).toFixed(1)} | ${((cpuMicros(agent.pid ?? 0) - cpu) / elapsed / 1e4).toFixed(1)} %`
  }
  const quiet = await phase(() => sleep(seconds * 1000).then(() => undefined))
  const changing = await phase(async () => {
    const began = performance.now()
    for (let made = 0; made < changes * seconds; made++) {
      // One instance leaves, and comes back with the next change.
      const [service, instance] = [(made >> 1) % services, (made >> 1) % instances]
      if (made % 2 === 0) await fetch(`${url}/v1/agent/service/deregister/${name(service)}-${instance}`, { method: 'PUT' })
      else await register(service, instance, made)
      await sleep(Math.max(0, began + ((made + 1) * 1000) / changes - performance.now()))
    }
  })
  console.log(`| ${watcher.name} | ${start.requests} | ${relay.take().open} | ${quiet} | ${changing} |`)
  await stop(child)
  await relay.stop()
}

mkdirSync(join(scratch, 'state'), { recursive: true })
console.log(`${services} services of ${instances} instances, ${execFileSync(consul, ['version'], { encoding: 'utf8' }).split('\n')[0]}; ${seconds} s quiet, ${seconds} s with ${changes} changes a second\n`)
console.log('| gateway | requests at the start (10 s) | held open | quiet: requests/s | KiB/s | Consul CPU | changing: requests/s | KiB/s | Consul CPU |\n|---|---|---|---|---|---|---|---|---|')
for (const watcher of watchers) await measure(watcher)
await stop(agent)
