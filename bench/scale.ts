// node bench/scale.ts: one gateway at the scale of a large estate. It watches 2,000 services with 50,000 instances in a
// Kubernetes registry while 200 of them change each second, and says how soon a change is effective, what the main process
// takes, and what the requests notice. bench/README.md has the method.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nginxFrame } from './backend.ts'
import { main, scratchFolder } from './paths.ts'
import { childrenOf, cpuMicros, freePort, launch, listening, residentBytes, stop } from './process.ts'
import { setApart } from './scale/apart.ts'
import { startApiServer } from './scale/api-server.ts'
import { addressOf, configuration, Estate, hostOf, type Probed } from './scale/estate.ts'
import { Probe } from './scale/probe.ts'
import { Stall } from './scale/stall.ts'

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '2000' },
    instances: { type: 'string', default: '25' },
    changes: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '500' },
    workers: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    apart: { type: 'boolean', default: false },
  },
})
const size = { services: Number(values.services), instances: Number(values.instances) }
const [changes, seconds, rate, workers] = [Number(values.changes), Number(values.seconds), Number(values.rate), Number(values.workers)]
/** Services that requests go to; the probed ones are others. */
const LOADED = 100
const PROBED = 100
/** Every so many changes one is probed. */
const PROBE_EVERY = 10
const LIMIT = 5000

const scratch = scratchFolder()
const [backendPort, port, admin] = [await freePort(), await freePort(), await freePort()]
const probed = Array.from({ length: PROBED }, (_, index): Probed => ({ service: size.services - 1 - index, ready: 0 }))
const estate = new Estate(size, backendPort, probed)
const api = await startApiServer(estate)
writeFileSync(join(scratch, 'backend.conf'), nginxFrame(scratch, 'backend', `  server { listen 0.0.0.0:${backendPort} backlog=4096; location / { return 200 '$server_addr\\n'; } }`))
const backend = launch('backend', 'nginx', ['-c', join(scratch, 'backend.conf'), '-p', scratch], scratch)
await listening(backendPort, backend, 'backend', scratch)
const table = join(scratch, 'table.json')
writeFileSync(table, JSON.stringify(configuration(size, api.url, port, workers, join(scratch, 'state'), admin)))
const report: [string, string][] = []
const say = (what: string, value: string): void => {
  report.push([what, value])
  console.log(`${what}: ${value}`)
}

/** A gateway, started and measured until it serves the last service. */
async function start(name: string): Promise<ReturnType<typeof launch>> {
  const began = performance.now()
  const child = launch('fairlead', process.execPath, [main, 'run', table], scratch)
  await listening(port, child, 'fairlead', scratch, 60)
  const probe = await Probe.open(port)
  const opened = performance.now()
  for (const each of [0, Math.floor(size.services / 2), size.services - PROBED - 1]) {
    while (!(await probe.ask(hostOf(each))).startsWith('127.')) await sleep(10)
  }
  probe.close()
  const [ready, control] = [performance.now(), child.pid ?? 0]
  await sleep(5000)
  say(`${name}: ports open after`, `${Math.round(opened - began)} ms`)
  say(`${name}: every service served after`, `${Math.round(ready - began)} ms`)
  say(`${name}: CPU of main process and workers, 5 s later`, `${[control, ...childrenOf(control)].map((pid) => `${(cpuMicros(pid) / 1e6).toFixed(2)} s`).join(', ')}`)
  say(`${name}: memory of main process and workers`, [control, ...childrenOf(control)].map((pid) => `${(residentBytes(pid) / 2 ** 20).toFixed(0)} MiB`).join(', '))
  return child
}

const percentiles = (all: readonly number[]): string => {
  const sorted = all.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1)
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms of ${all.length}`
}

let gateway = await start('cold start')
const load = spawn(process.execPath, [join(import.meta.dirname, 'load', 'steady.ts'), String(port), String(rate), ...Array.from({ length: LOADED }, (_, index) => hostOf(index))], { stdio: ['pipe', 'pipe', 'inherit'] })
const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]()

/** Load for so many seconds; latencies, and what the processes used. */
async function loaded(name: string, length: number): Promise<void> {
  const pids = [gateway.pid ?? 0, ...childrenOf(gateway.pid ?? 0)]
  const before = pids.map(cpuMicros)
  const began = performance.now()
  load.stdin.write(`${length}\n`)
  const figures = JSON.parse(String((await lines.next()).value)) as Record<'requests' | 'errors' | 'p50' | 'p99' | 'p999' | 'max', number>
  const elapsed = (performance.now() - began) * 1000
  const share = pids.map((pid, index) => `${(((cpuMicros(pid) - (before[index] ?? 0)) / elapsed) * 100).toFixed(1)} %`)
  say(`${name}: requests`, `p50 ${figures.p50.toFixed(2)} ms, p99 ${figures.p99.toFixed(2)} ms, p99.9 ${figures.p999.toFixed(1)} ms, max ${figures.max.toFixed(0)} ms of ${figures.requests}, ${figures.errors} errors`)
  say(`${name}: CPU of main process and workers, of a core`, share.join(', '))
  say(`${name}: memory of main process and workers`, pids.map((pid) => `${(residentBytes(pid) / 2 ** 20).toFixed(0)} MiB`).join(', '))
}

/** Swaps the one ready instance of a service; gives the milliseconds until that is effective. */
function swapped(target: Probed, probe: Probe): Promise<number> {
  target.ready = target.ready === 0 ? 1 : 0
  api.modified(estate.change(target.service, (instance) => instance === target.ready))
  return probe.until(hostOf(target.service), addressOf(target.service, target.ready), performance.now(), LIMIT)
}

/** Changes at their rate until told to stop. Where they are followed, every tenth is, by one request after another until it is effective: a load of its own. */
async function churn(until: AbortSignal, followed: boolean): Promise<readonly number[]> {
  const probe = await Probe.open(port)
  const effective: number[] = []
  let following: Promise<void> | undefined
  let made = 0
  const began = performance.now()
  while (!until.aborted) {
    for (; began + (made * 1000) / changes <= performance.now(); made++) {
      if (!followed || made % PROBE_EVERY > 0 || following !== undefined) {
        const service = Math.floor(Math.random() * (size.services - PROBED))
        const flipped = Math.floor(Math.random() * size.instances)
        api.modified(estate.change(service, (instance, ready) => (instance === flipped ? !ready : ready || Math.random() < 0.5)))
        continue
      }
      following = swapped(probed[Math.floor(made / PROBE_EVERY) % PROBED] as Probed, probe).then((ms) => {
        effective.push(ms)
        following = undefined
      })
    }
    await sleep(1)
  }
  await following
  probe.close()
  say('changes made', `${made}, ${(made / ((performance.now() - began) / 1000)).toFixed(0)} a second`)
  return effective
}

/** Load beside changes; gives how soon those that were followed were effective. */
async function changing(name: string, followed: boolean): Promise<readonly number[]> {
  const ending = new AbortController()
  const churning = churn(ending.signal, followed)
  await loaded(name, seconds)
  ending.abort()
  return churning
}

/** Every instance of many services, those that are asked for among them, changes at once. */
async function storm(services: number): Promise<void> {
  const [probe, stall] = [await Probe.open(port), new Stall(admin)]
  const half = (service: number, odd: number): void => api.modified(estate.change(service, (instance) => instance % 2 === odd))
  for (let service = 0; service < services; service++) half(service, 0)
  await sleep(3000)
  const loading = loaded('storm', 10)
  await sleep(3000)
  const before = stall.take()
  for (let service = 0; service < services; service++) half(service, 1)
  const [target] = probed as [Probed]
  const effective = await swapped(target, probe)
  await loading
  say(`storm of ${services * size.instances} instances: the last change is effective after`, `${effective.toFixed(0)} ms`)
  say('storm: the main process answered its admin server within', `${stall.take().toFixed(0)} ms, before it ${before.toFixed(0)} ms`)
  await stall.stop()
  probe.close()
}

if (values.apart) setApart({ changes: [gateway.pid ?? 0, process.pid], requests: [...childrenOf(gateway.pid ?? 0), load.pid ?? 0, ...childrenOf(backend.pid ?? 0)] })
await loaded('warming up', 10)
// Both processes compile what changes run through in the first twenty seconds of them.
await changing('warming up with changes', false)
const effective: number[] = []
for (let round = 0; round < Number(values.rounds); round++) {
  await loaded('quiet', seconds)
  await changing('changing', false)
  effective.push(...(await changing('changing, and followed', true)))
}
say('a change is effective after', percentiles(effective))
await storm(Math.min(200, size.services - PROBED))
await loaded('quiet again', Math.min(10, seconds))
say('asked of the API server', `${api.counts.lists} lists, ${api.counts.watches} watches`)
load.stdin.end()
await stop(gateway)
await api.stop()
gateway = await start('start without the registry')
await stop(gateway)
await stop(backend)
console.log(`\n| what | figure |\n|---|---|\n${report.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}`)
