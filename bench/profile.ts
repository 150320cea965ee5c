// Where Fairlead's worker spends its time under load: runs it with Node's CPU profiler, drives it with wrk, and prints the
// functions with the most self time. Usage: node bench/profile.ts [--scenario small-get] [--seconds 8] [--top 30]
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Fleet } from './fleet.ts'
import { repository } from './paths.ts'
import { startFairlead } from './peers/fairlead.ts'
import { scenarios } from './scenarios/list.ts'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Spent {
  self: number
  total: number
}

const { values: options } = parseArgs({
  options: { scenario: { type: 'string', default: 'small-get' }, seconds: { type: 'string', default: '8' }, top: { type: 'string', default: '30' } },
})

function place({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const file = url.replace(/^file:\/\//, '').replace(repository, '')
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : `  ${file}:${lineNumber + 1}`}`
}

/** Self and total microseconds by function; a function that calls itself counts once in its total. */
function spentByFunction(profile: Profile): Map<string, Spent> {
  const self = new Map<number, number>()
  profile.samples.forEach((id, i) => self.set(id, (self.get(id) ?? 0) + (profile.timeDeltas[i] ?? 0)))
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const spent = new Map<string, Spent>()
  const walk = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = place(node.callFrame)
    const own = self.get(node.id) ?? 0
    const inside = above.has(name) ? above : new Set(above).add(name)
    let total = own
    for (const child of node.children ?? []) {
      const next = nodes.get(child)
      if (next !== undefined) total += walk(next, inside)
    }
    const entry = spent.get(name) ?? { self: 0, total: 0 }
    entry.self += own
    if (!above.has(name)) entry.total += total
    spent.set(name, entry)
    return total
  }
  const [root] = profile.nodes
  if (root !== undefined) walk(root, new Set())
  return spent
}

/** The profile of the process that worked most: main process and workers each write one. */
function busiest(folder: string): { file: string; spent: Map<string, Spent>; busy: number } {
  const all = globSync(join(folder, '*.cpuprofile')).map((file) => {
    const spent = spentByFunction(JSON.parse(readFileSync(file, 'utf8')) as Profile)
    const busy = [...spent].reduce((sum, [name, { self }]) => (name === '(idle)' ? sum : sum + self), 0)
    return { file, spent, busy }
  })
  const [most] = all.sort((a, b) => b.busy - a.busy)
  if (most === undefined) throw new Error(`no profile in ${folder}: the process did not end by itself`)
  return most
}

/** Waits until the profiles, written when the processes end, are there and no longer grow. */
async function written(folder: string): Promise<void> {
  let before = -1
  for (let i = 0; i < 100; i++) {
    const size = globSync(join(folder, '*.cpuprofile')).reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0)
    if (size > 0 && size === before) return
    before = size
    await sleep(200)
  }
}

const scenario = scenarios.find((each) => each.name === options.scenario)
if (scenario === undefined) throw new Error(`no scenario ${options.scenario}; there are ${scenarios.map((each) => each.name).join(', ')}`)
const fleet = await Fleet.create([])
const folder = join(fleet.scratch, 'profiles')
try {
  const contestant = { label: 'fairlead', peer: 'fairlead', tableSize: 0 }
  const running = await startFairlead({ ...fleet.setup, tableSize: 0 }, `--cpu-prof --cpu-prof-interval=200 --cpu-prof-dir=${folder}`)
  const figures = await scenario.measure({ running, contestant, seconds: Number(options.seconds), scratch: fleet.scratch, fleet })
  await running.stop()
  await written(folder)
  const { file, spent, busy } = busiest(folder)
  console.log(`${scenario.title}: ${figures['rate']?.toFixed(0)} a second while profiled, ${(busy / 1e6).toFixed(1)} s busy\n${file}\n\n  self %  total %  function`)
  const lines = [...spent].filter(([name]) => name !== '(idle)').sort(([, a], [, b]) => b.self - a.self)
  for (const [name, { self, total }] of lines.slice(0, Number(options.top))) console.log(`${((self / busy) * 100).toFixed(1).padStart(8)} ${((total / busy) * 100).toFixed(1).padStart(8)}  ${name}`)
} finally {
  await fleet.stop()
}
