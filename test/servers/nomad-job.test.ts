// The job specs of `nomad/` on a real Nomad, with the lines of their README as they stand: the gateway and the demo's services are
// tasks of an agent (raw_exec), and what an operator does to them is done under load.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EndpointsAnswer, HealthAnswer, RoutesAnswer } from '../../src/model/admin.ts'
import { get } from '../support/drill/ask.ts'
import { startLoad, type Load, type Result } from '../support/drill/load.ts'
import { until } from '../support/drill/until.ts'
import { fencedBlocks } from '../support/fenced.ts'
import { listed } from '../support/servers/nomad-client.ts'
import { prepareJobs, type Jobs } from '../support/servers/nomad-jobs.ts'
import { startNomad, type NomadSetup } from '../support/servers/nomad.ts'
import { describeWithServers } from '../support/servers.ts'

const NOMAD = join(import.meta.dirname, '../../nomad')
const ROUTES = readFileSync(join(NOMAD, 'routes.yaml'), 'utf8')
const [START = '', CHANGE = '', POLICY = '', CANARY = ''] = fencedBlocks(readFileSync(join(NOMAD, 'README.md'), 'utf8')).flatMap(({ info, text: lines }) => (info === 'sh' ? [lines] : []))
const STABLE = 'nomad/words?tag=stable'

let server: Awaited<ReturnType<typeof startNomad>>
let jobs: Jobs

/** Starts an agent and types what the README begins with; gives what that printed. */
async function begin(setup: NomadSetup): Promise<string> {
  server = await startNomad(setup)
  jobs = await prepareJobs(server)
  return jobs.type(START)
}

async function end(): Promise<void> {
  await jobs?.stop()
  await server?.stop()
}

/** The gateway's log on standard error. */
async function log(): Promise<string> {
  const [gateway] = await jobs.allocations('fairlead')
  return jobs.type(`nomad alloc logs -stderr ${gateway?.ID}`)
}

/** Kinds of health among the endpoints of a service. */
async function health(service: string): Promise<string> {
  const { services } = await jobs.admin<EndpointsAnswer>(`/api/endpoints?service=${service}`)
  return [...new Set(services.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.health)))].join(',')
}

/** Everybody and the testers ask for words while `act` runs; gives what they got. */
async function underLoad(act: (load: Load) => Promise<void>): Promise<readonly Result[]> {
  const load = startLoad(['everyone', 'testers'], jobs.port, () => {}, (who) => ({ host: 'words.local', ...(who === 'testers' ? { 'x-user': 'tester-1' } : {}) }))
  try {
    await act(load)
  } finally {
    await load.stop()
  }
  return load.results
}

const failures = (results: readonly Result[]): readonly string[] => results.filter(({ error }) => error !== '').map(({ service, error }) => `${service}: ${error}`)
/** Versions of words that somebody got, among these. */
const versions = (results: readonly Result[], who: string): string => [...new Set(results.filter(({ service, error }) => service === who && error === '').map(({ by }) => /\(words (\w+)\)/.exec(by)?.[1]))].sort().join(',')

describeWithServers(['nomad'], 'the jobs on a real Nomad', () => {
  let printed: string
  beforeAll(async () => {
    printed = await begin({})
  })
  afterAll(end)

  test('simon says a word through the gateway, which knows all three services and their checks from Nomad', async () => {
    expect(printed).toMatch(/Simon says: [A-Z]+ \(words v1\)\n$/)
    for (const service of ['words-for-testers', 'nomad/capitalizer', 'nomad/simon']) await until(`the checks of ${service} are known`, async () => (await health(service)) === 'passing')
    expect(await jobs.watch(STABLE)).toMatchObject({ mode: 'live', endpoints: 2 })
    expect(await log()).not.toMatch(/"level":"(warn|error)"/)
  })

  test('other routes take effect without a restart and without a failed request; wrong ones are refused', async () => {
    const file = join(jobs.directory, 'routes.yaml')
    const { workers } = await jobs.admin<HealthAnswer>('/api/health')
    const results = await underLoad(async () => {
      await writeFile(file, ROUTES.replace('simon.local/**', 'says.local/**'))
      await jobs.type(CHANGE.replaceAll('nomad/routes.yaml', file))
      await until('the new route serves', async () => (await get(jobs.port, 'says.local', '/say')).startsWith('200 Simon says'))
      await writeFile(file, ROUTES.replace('to: nomad/simon', 'too: nomad/simon'))
      await expect(jobs.type(CHANGE.replaceAll('nomad/routes.yaml', file))).rejects.toMatchObject({ stdout: expect.stringContaining("unknown key 'too'") })
      await jobs.type(`nomad var put -force nomad/jobs/fairlead routes=@${file}`)
      await until('the wrong routes are refused', async () => (await jobs.admin<RoutesAnswer>('/api/routes')).rejected[0]?.problems[0]?.message.includes("unknown key 'too'"))
      expect(await get(jobs.port, 'says.local', '/say')).toMatch(/^200 Simon says/)
      await jobs.type(CHANGE)
      await until('the first routes are back', async () => (await get(jobs.port, 'simon.local', '/say')).startsWith('200 Simon says'))
    })
    expect(failures(results)).toEqual([])
    expect((await jobs.admin<HealthAnswer>('/api/health')).workers.map(({ pid }) => pid)).toEqual(workers.map(({ pid }) => pid))
  })

  test('a task of words is killed: no request fails, Nomad starts it again, the gateway sees both', async () => {
    const words = async () => (await jobs.allocations('fairlead-demo')).filter(({ TaskGroup: group }) => group === 'words')
    const [victim] = await words()
    const results = await underLoad(async () => {
      await jobs.type(`nomad alloc signal -s SIGKILL ${victim?.ID} words`)
      await until('it is gone', async () => (await jobs.watch(STABLE))?.endpoints === 1)
      await until('it is there again', async () => (await jobs.watch(STABLE))?.endpoints === 2)
    })
    expect(failures(results)).toEqual([])
    expect((await words()).map(({ TaskStates: tasks }) => tasks?.['words']?.Restarts).sort()).toEqual([0, 1])
  })

  test('a canary gets the requests of testers only, and everybody’s when it is promoted; no request fails', async () => {
    const [run = '', curl = '', promote = ''] = CANARY.split('\n')
    let met = Infinity
    let promoted = Infinity
    const results = await underLoad(async (load) => {
      await jobs.type(run)
      await until('testers get the canary', () => versions(load.results.slice(-20), 'testers') === 'v2')
      met = performance.now()
      expect(await jobs.type(curl)).toMatch(/ \(words v2\)\n$/)
      expect((await jobs.watch(STABLE))?.endpoints).toBe(2)
      // Nomad refuses until the canary is healthy.
      await until('it is promoted', async () => {
        promoted = performance.now()
        await jobs.type(promote)
        return true
      })
      await until('everybody gets it', () => versions(load.results.slice(-40), 'everyone') === 'v2')
      await until('two of it are stable', async () => (await jobs.watch(STABLE))?.endpoints === 2)
    })
    expect(failures(results)).toEqual([])
    const before = results.filter(({ endedAt }) => endedAt < promoted)
    expect(versions(before, 'everyone')).toBe('v1')
    expect(versions(before.filter(({ startedAt }) => startedAt > met), 'testers')).toBe('v2')
  })

  test('the gateway is replaced: it is not listed before it drains, what is under way ends in peace, the next one begins with what was known', async () => {
    const [old] = await jobs.allocations('fairlead')
    // Nomad restarts a task for another template at a random moment within 5 s, so this was not to be seen at once.
    expect(old?.TaskStates?.['fairlead']?.Restarts).toBe(0)
    const upload = request({ host: '127.0.0.1', port: jobs.port, method: 'POST', path: '/', headers: { host: 'capitalizer.local', 'content-length': 10 }, agent: false })
    const answer = new Promise<string>((resolve, reject) => upload.on('error', reject).on('response', (response) => void text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject)))
    upload.write('under')
    let unlisted = Infinity
    let back = Infinity
    const results = await underLoad(async (load) => {
      await until('there is load', () => load.results.length > 20)
      await jobs.type('cp "$NOMAD_VAR_fairlead" "$NOMAD_VAR_fairlead-new" && nomad job run -var "fairlead=$NOMAD_VAR_fairlead-new" nomad/gateway.nomad.hcl')
      await until('it is not listed', async () => (await listed(server, 'fairlead')).length === 0)
      unlisted = performance.now()
      expect(failures(load.results)).toEqual([])
      await until('it drains', () => failures(load.results).length > 0)
      upload.end(' way!')
      expect(await answer).toBe('200 UNDER WAY!')
      await until('the next one serves', async () => (await get(jobs.port, 'simon.local', '/say')).startsWith('200 Simon says'))
      back = performance.now()
      const served = load.results.length
      await until('it serves on', () => load.results.length > served + 50)
    })
    expect(results.filter(({ error, startedAt }) => error !== '' && (startedAt < unlisted || startedAt > back))).toEqual([])
    const [next] = await jobs.allocations('fairlead')
    expect(next?.ID).not.toBe(old?.ID)
    expect(await log()).toContain('known from before')
    await until('it is listed', async () => (await listed(server, 'fairlead')).length === 1)
  })
})

describeWithServers(['nomad'], 'the jobs on a real Nomad with ACLs', () => {
  beforeAll(() => begin({ acl: true }))
  afterAll(end)

  test('without a policy the gateway has its routes and lists services again and again; with it hears of changes and reads checks', async () => {
    expect(await get(jobs.port, 'simon.local', '/say')).toMatch(/^200 Simon says/)
    const lists = async (): Promise<number> => (await jobs.watch('nomad/simon'))?.attempts['ok-with-data'] ?? 0
    const before = await lists()
    // With a stream it is a matter of 45 s.
    await until('it is listed again', async () => (await lists()) > before + 1)
    expect(await health('nomad/simon')).toBe('unknown')
    const said = await log()
    expect(said).toContain('each service is listed every few seconds meanwhile')
    expect(said).toContain('the checks of allocations cannot be read')
    await jobs.type(`cd '${jobs.directory}'\n${POLICY}`)
    await until('checks are read', async () => (await health('nomad/simon')) === 'passing')
    await until('there is a stream', async () => (await log()).includes('the event stream is there'))
  })
})
