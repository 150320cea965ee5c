// Failure drills of files while load runs: no request fails that could have succeeded, what is shown is true, and recovery needs
// nobody. Files have no network: what fails here is who writes them, and the disk.
import { execFileSync } from 'node:child_process'
import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changesWhile, countsWhile, crowd, flaps, knows, type Member } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { canHoldFiles, holdFiles } from '../support/held-files.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { withoutPower } from '../support/without-power.ts'

type Backends = Pick<Drill, 'backend'>

const SPEED = 5
const CROWD = 1000
const ALL = ['a', 'b', 'c']

let temp: Awaited<ReturnType<typeof makeTempDirectory>>
let shelf: string
let path: string
beforeEach(async () => {
  temp = await makeTempDirectory()
  shelf = join(temp.directory, 'shelf')
  path = join(shelf, 'web')
  await mkdir(shelf)
})
afterEach(() => temp.remove())

const lines = (members: readonly Pick<Member, 'host' | 'port'>[]): string => members.map(({ host, port }) => `${host} ${port}\n`).join('')
const these = (d: Backends, names: readonly string[]): string => lines(names.map((name) => d.backend(name)))

/** As a careful writer does it: beside it, then renamed. */
async function replace(text: string, mode = 0o600): Promise<void> {
  await writeFile(join(temp.directory, 'next'), text, { mode })
  await rename(join(temp.directory, 'next'), path)
}

const plan = (more: Partial<DrillPlan> = {}): DrillPlan => ({
  registries: () => ({ file: { path: shelf } }),
  services: { web: { from: 'file/web', backends: ALL } },
  before: (backend) => replace(these({ backend }, ALL)),
  speed: SPEED,
  ...more,
})

test('where one instance crashes and comes back again and again: no request is lost, and few sets are put in force', () =>
  drill(plan(), async (d) => {
    await d.sees('web', 'live a,b,c')
    const crashes = async (): Promise<void> => {
      await d.backend('c').kill()
      await replace(these(d, ['a', 'b']))
    }
    const returns = async (): Promise<void> => {
      await d.backend('c').start()
      await replace(these(d, ALL))
    }
    const { changes, most } = await changesWhile(d, 'file/web', () => flaps(d, 'web', crashes, returns), SPEED)
    expect(changes).toBeLessThanOrEqual(most)
    await d.sees('web', 'live a,b,c')
    await d.uses('web', ALL)
    await replace(these(d, ['a', 'b']))
    await d.sees('web', 'live a,b')
    await d.serves('web', ['a', 'b'])
  }))

test('that is saved hundreds of times, by half each time first: the set is never a part of itself, and no request is lost', () =>
  drill(plan({ host: '0.0.0.0', before: (backend) => writeFile(path, lines(crowd({ backend }, ALL, 1, CROWD))) }), async (d) => {
    await knows(d, 'file/web', CROWD)
    const [old, next] = [1, 2].map((wave) => crowd(d, ALL, wave, CROWD))
    const storm = async (): Promise<void> => {
      for (let step = 1; step <= 250; step++) {
        const text = lines([...(next ?? []).slice(0, step * 4), ...(old ?? []).slice(step * 4)])
        const half = text.indexOf('\n', text.length / 2) + 5
        // In place, as editors and scripts do that do not care. A rest now and then, so that halves and wholes are read.
        await writeFile(path, text.slice(0, half))
        if (step % 50 === 0) await d.until('a half is read', async () => (await d.watch('file/web')).mode === 'stale')
        await appendFile(path, text.slice(half))
        if (step % 50 === 0) await d.until('a whole is read', async () => (await d.watch('file/web')).mode === 'live')
      }
    }
    const { changes, most } = await changesWhile(d, 'file/web', async () => expect([...new Set(await countsWhile(d, 'web', 'file/web', storm))]).toEqual([CROWD]), SPEED)
    expect(changes).toBeLessThanOrEqual(most)
    await d.sees('web', /^live (127\.2\.\d+\.\d+:\d+,?){1000}$/)
    await d.uses('web', ALL)
  }))

test.each<readonly [name: string, spoil: (d: Backends) => unknown, shown: string, cause: RegExp]>([
  ['left half written', (d) => writeFile(path, these(d, ALL).slice(0, -8)), 'stale', /line 3/],
  ['emptied, as by a full disk', () => truncate(path), 'stale', /lists nothing/],
  ['gone', () => rm(path), 'stale', /has no file web.*what it had is kept/],
  ['a directory', () => rm(path).then(() => mkdir(path)), 'stale', /has no file web.*what it had is kept/],
  ['a pipe that nobody writes to', () => rm(path).then(() => execFileSync('mkfifo', [path])), 'stale', /neither a file nor a directory/],
  ['a link to itself', () => rm(path).then(() => symlink(path, path)), 'stale', /ELOOP/],
  ['a link to elsewhere', () => rename(path, join(temp.directory, 'web')).then(() => symlink(join(temp.directory, 'web'), path)), 'stale', /leads out/],
  ['in a directory that is gone', () => rename(shelf, join(temp.directory, 'away')), 'stale', /does not exist/],
  ['in a directory that was unmounted', () => rename(shelf, join(temp.directory, 'away')).then(() => mkdir(shelf)), 'stale', /has no file web.*what it had is kept/],
])('that is %s: what was known is served, also after a restart, until it is back', (_, spoil, shown, cause) =>
  drill(plan({ speed: 10 }), async (d) => {
    await d.sees('web', 'live a,b,c')
    await spoil(d)
    await d.sees('web', `${shown} a,b,c`, { cause, since: Date.now() })
    await d.serves('web', ALL)
    await d.restart()
    await d.sees('web', `${shown} a,b,c`, { cause })
    await d.serves('web', ALL)
    await rm(path, { recursive: true, force: true })
    await mkdir(shelf, { recursive: true })
    await replace(these(d, ['a', 'b']))
    await d.sees('web', 'live a,b')
    await d.uses('web', ['a', 'b'])
  }))

test('that is a mess when a gateway starts that knows nothing: 503 for its own service alone, until it is whole', () =>
  downAtStart(plan(), { ref: 'file/web', goes: () => replace('nowhere\n'), returns: (d) => replace(these(d, ALL)) }))

test('that is a mess when a gateway starts whose only one it is: it is not ready until it is whole, and stays ready', () =>
  drill(plan({ before: () => replace('nowhere\n') }), async (d) => {
    await d.sees('web', 'pending', { cause: /nowhere/ })
    expect(await d.admin('/api/ready')).toEqual({ status: 503, body: { ready: false, reasons: [expect.stringMatching(/^no registry has answered yet: file\/web: .*nowhere/)] } })
    expect(await d.admin('/api/health')).toMatchObject({ status: 200 })
    await replace(these(d, ALL))
    await d.sees('web', 'live a,b,c')
    expect(await d.admin('/api/ready')).toEqual({ status: 200, body: { ready: true, reasons: [] } })
    await replace('nowhere\n')
    await d.sees('web', 'stale a,b,c')
    expect(await d.admin('/api/ready')).toMatchObject({ status: 200 })
    await d.uses('web', ALL)
  }))

test('that may not be read any more is told, and taken again when it may', () =>
  withoutPower([temp.directory, shelf], async () => {
    await drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      await replace(these(d, ['a', 'b']), 0)
      await d.sees('web', 'denied a,b,c', { cause: /EACCES.*web/, since: Date.now() })
      await d.serves('web', ALL)
      await chmod(path, 0o400)
      await d.sees('web', 'live a,b')
      await chmod(shelf, 0)
      await d.sees('web', 'denied a,b', { cause: /EACCES.*shelf/, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      await chmod(shelf, 0o700)
      await d.sees('web', 'live a,b')
    })
  }))

test.skipIf(!canHoldFiles)('that hangs whoever reads it, as a file system without its server, is given up and taken when it answers; nothing else waits for it', () => {
  // More than the process has threads for files and names.
  const others = Array.from({ length: 6 }, (_, index) => `other-${index}`)
  const hanging = (): string[] => [path, ...others.map((name) => join(shelf, name))]
  const named = join(temp.directory, 'named.json')
  return drill(
    plan({
      registries: () => ({ file: { path: shelf }, list: { type: 'file', path: named } }),
      services: { web: { from: 'file/web', backends: ALL }, ...Object.fromEntries(others.map((name) => [name, { from: `file/${name}`, backends: ['a'] }])), named: { from: 'list/named', backends: ['b'] } },
      before: async (backend) => {
        for (const each of hanging()) await writeFile(each, these({ backend }, each === path ? ALL : ['a']))
        await writeFile(named, JSON.stringify({ version: 1, services: { named: { instances: [{ host: 'localhost', port: backend('b').port }] } } }))
      },
    }),
    async (d) => {
      await d.sees('web', 'live a,b,c')
      const letGo = await holdFiles(hanging())
      try {
        for (const name of ['web', ...others]) await d.sees(name, name === 'web' ? 'stale a,b,c' : 'stale a', { cause: /no answer within 10 s/, since: Date.now() })
        await d.serves('web', ALL)
        await d.excuse('named', async () => {
          // Its connections are gone, and its name has to be looked up again.
          await d.backend('b').kill()
          await d.backend('b').start()
          await d.uses('named', ['b'])
        })
        await d.sees('named', /^live /)
      } finally {
        await letGo()
      }
      for (const name of ['web', ...others]) await d.sees(name, name === 'web' ? 'live a,b,c' : 'live a')
    },
  )
})
