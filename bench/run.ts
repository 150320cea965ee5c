// npm run bench: starts the proxies that are installed, drives each in turn, and prints what a request costs them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/model/error.ts'
import { Fleet } from './fleet.ts'
import { install } from './install.ts'
import { results } from './paths.ts'
import type { Peer } from './peer.ts'
import { peers } from './peers/list.ts'
import { table, type Row } from './report.ts'
import { medians, type Contestant, type Sample, type Scenario } from './scenario.ts'
import { scenarios } from './scenarios/list.ts'

const USAGE = `npm run bench -- [options]
  --install          install what the bench needs and the machine lacks, then stop
  --quick            3 rounds of 2 s instead of 5 of 4 s
  --only A,B         scenarios: ${scenarios.map((scenario) => scenario.name).join(', ')}
  --peers A,B        proxies: ${peers.map((peer) => peer.name).join(', ')}
  --rounds N         measurements of each proxy
  --seconds N        length of one measurement
  --no-save          write nothing to bench/results/`

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    install: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    save: { type: 'boolean', default: true },
    help: { type: 'boolean' },
  },
})

const rounds = Number(options.rounds ?? (options.quick === true ? 3 : 5))
const seconds = Number(options.seconds ?? (options.quick === true ? 2 : 4))

function chosen<T extends { readonly name: string }>(all: readonly T[], list: string | undefined): T[] {
  const names = list?.split(',')
  for (const name of names ?? []) if (!all.some((each) => each.name === name)) throw new Error(`no ${name}; there are ${all.map((each) => each.name).join(', ')}`)
  return all.filter((each) => names === undefined || names.includes(each.name))
}

async function measureOnce(fleet: Fleet, scenario: Scenario, contestant: Contestant, length: number): Promise<Sample> {
  const running = scenario.fresh === true ? await fleet.start(contestant.peer, contestant.tableSize) : await fleet.get(contestant.peer, contestant.tableSize)
  const sample = await scenario.measure({ running, contestant, seconds: length, scratch: fleet.scratch, fleet })
  if (scenario.fresh === true) await running.stop()
  return sample
}

/** A measurement, or undefined when it fails; why is printed. */
async function attempt(fleet: Fleet, scenario: Scenario, contestant: Contestant, length: number): Promise<Sample | undefined> {
  try {
    return await measureOnce(fleet, scenario, contestant, length)
  } catch (error) {
    console.log(`${scenario.name}, ${contestant.label}: ${messageOf(error)}`)
    return undefined
  }
}

/** Seconds that each contestant is driven before it is measured: V8 optimizes in the first hundred thousand requests. */
const WARM_UP = 5

/** Rounds go A B C A B C, so that a neighbour's load on the machine falls on all alike. */
async function runScenario(fleet: Fleet, scenario: Scenario, names: readonly string[]): Promise<Row[]> {
  const usual = names.map((name) => ({ label: name, peer: name, tableSize: 0 }))
  const contestants = scenario.contestants?.(names) ?? usual
  const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]))
  // The first pass warms up code, connections and caches, and is thrown away.
  if (scenario.fresh !== true) for (const contestant of contestants) await attempt(fleet, scenario, contestant, WARM_UP)
  for (let round = 0; round < Math.min(rounds, scenario.maxRounds ?? rounds); round++) {
    for (const contestant of contestants) {
      const sample = await attempt(fleet, scenario, contestant, seconds)
      if (sample !== undefined) samples.get(contestant)?.push(sample)
    }
  }
  return contestants.map((contestant) => ({ contestant, figures: medians(samples.get(contestant) ?? []) }))
}

/** Names of the peers that start here; why another does not is printed, and the bench goes on without it. */
async function startable(fleet: Fleet, present: readonly Peer[]): Promise<string[]> {
  const names: string[] = []
  for (const { name } of present) {
    try {
      await fleet.get(name)
      names.push(name)
    } catch (error) {
      console.log(`without ${name}: ${messageOf(error)}`)
    }
  }
  return names
}

async function main(): Promise<void> {
  const present = chosen(peers, options.peers).filter((peer) => {
    const missing = peer.missing()
    if (missing !== undefined) console.log(`without ${peer.name}: ${missing}`)
    return missing === undefined
  })
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? arch()}, Linux ${release()}, Node ${process.version}`
  console.log(`${machine}; one worker each, medians of ${rounds} rounds of ${seconds} s\n`)
  const fleet = await Fleet.create(peers)
  const report: Record<string, Row[]> = {}
  try {
    const able = await startable(fleet, present)
    for (const scenario of chosen(scenarios, options.only)) {
      report[scenario.name] = await runScenario(fleet, scenario, able)
      console.log(`## ${scenario.title}\n\n${table(scenario, report[scenario.name] ?? [])}\n`)
    }
  } finally {
    await fleet.stop()
  }
  if (!options.save) return
  mkdirSync(results, { recursive: true })
  const at = new Date().toISOString()
  const file = join(results, `${at.replaceAll(':', '-').slice(0, 19)}.json`)
  writeFileSync(file, `${JSON.stringify({ at, machine, rounds, seconds, report }, null, 2)}\n`)
  console.log(`saved to ${file}`)
}

if (options.help === true) console.log(USAGE)
else if (options.install === true) install()
else await main()
