// examples/migration as its README says it, every line typed into one shell, against a real Eureka and a real Consul. Only where
// the README sleeps, the test waits for what the sleep is for.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServicesAnswer } from '../../src/model/admin.ts'
import { fencedBlocks } from '../support/fenced.ts'
import { freePorts } from '../support/server-process.ts'
import { startConsul } from '../support/servers/consul.ts'
import { startEureka } from '../support/servers/eureka.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { until } from '../support/drill/until.ts'

const ROOT = join(import.meta.dirname, '../..')
const blocks = fencedBlocks(readFileSync(join(ROOT, 'examples/migration/README.md'), 'utf8')).flatMap(({ info, text }) => (info === 'sh' ? [text] : []))

/** A shell that lives as long as the example, with what it and its children print. */
interface Shell {
  readonly process: ChildProcess
  printed(): string
  /** Types lines; resolves with what was printed meanwhile, when the last one is done. */
  type(lines: string): Promise<string>
}

function openShell(env: NodeJS.ProcessEnv): Shell {
  // A process group of its own, so that nothing outlives the test.
  const shell = spawn('bash', [], { cwd: ROOT, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  let count = 0
  return {
    process: shell,
    printed: () => printed,
    async type(lines) {
      const [from, mark] = [printed.length, `== block ${++count} is done`]
      shell.stdin.write(`${lines}\necho '${mark}'\n`)
      await until(mark, () => printed.includes(mark), () => printed.slice(from))
      return printed.slice(from, printed.indexOf(mark))
    },
  }
}

describeWithServers(['consul', 'eureka'], 'examples/migration', () => {
  let consul: Awaited<ReturnType<typeof startConsul>>
  let eureka: Awaited<ReturnType<typeof startEureka>>
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  let shell: Shell
  /** Ports of the README and what stands for them here. */
  let ports: ReadonlyMap<string, number>
  beforeAll(async () => {
    ;[consul, eureka, temp] = await Promise.all([startConsul(), startEureka(1), makeTempDirectory()])
    const names = ['8080', '9990', '7001', '7002', '7003', '7004']
    const free = await freePorts(names.length)
    ports = new Map(names.map((name, i) => [name, free[i] ?? 0]))
    const { FAIRLEAD_TEST_GATEWAY: _, ...env } = process.env
    shell = openShell({ ...env, CONSUL_HTTP_ADDR: consul.url, EUREKA_URL: eureka[0]?.url ?? '', FAIRLEAD_PORT: String(port('8080')), FAIRLEAD_ADMIN_PORT: String(port('9990')) })
  })
  afterAll(async () => {
    try {
      process.kill(-(shell.process.pid ?? 0), 'SIGKILL')
    } catch {
      // Already gone.
    }
    await Promise.all([consul.stop(), ...eureka.map((server) => server.stop())])
    await rm(temp.directory, { recursive: true })
  })

  const port = (name: string): number => ports.get(name) ?? 0
  const here = (lines: string): string =>
    lines
      .replaceAll(/\b(8080|9990|700\d)\b/g, (name) => String(port(name)))
      .replaceAll('/tmp/migration', join(temp.directory, 'migration'))
      .replaceAll('endpoints words', `endpoints words --admin http://127.0.0.1:${port('9990')}`)
  /** Types the README's next block, and waits in turn for these where it sleeps; resolves with what was printed after the last pause. */
  const next = async (...pauses: readonly (() => Promise<unknown>)[]): Promise<string> => {
    const parts = here(blocks.shift() ?? 'exit 1').split(/^sleep \d+$/m)
    expect(pauses).toHaveLength(parts.length - 1)
    let printed = ''
    for (const [i, part] of parts.entries()) {
      printed = await shell.type(part)
      await pauses[i]?.()
    }
    return printed
  }
  /** Which references `/api/services` shows, each as often as a service has it: `eureka/WORDS used 2` with its usable endpoints. */
  const shows = (wanted: string): (() => Promise<unknown>) => {
    let seen = ''
    const holds = async (): Promise<boolean> => {
      const { services } = (await (await fetch(`http://127.0.0.1:${port('9990')}/api/services`)).json()) as ServicesAnswer
      seen = services.flatMap(({ origins }) => origins.map(({ ref, used, usable }) => `${ref} ${used ? 'used' : 'not'} ${usable}`)).join(', ')
      return seen === wanted
    }
    return () => until(wanted, holds, () => seen)
  }
  /** Who answered in the seconds after now, by port in the README. */
  const answering = async (...names: readonly string[]): Promise<void> => {
    const from = shell.printed().length
    const lines = (): string[] => shell.printed().slice(from).split('\n').slice(1, -1).filter((line) => line.startsWith('words on ') && /: \d/.test(line))
    // The first line may still count the past.
    const line = await until('the load tells two seconds', () => lines()[1], () => shell.printed().slice(from))
    expect([...line.matchAll(/words on (\d+), known from (?:eureka|consul): \d+/g)].map(([, one]) => one).sort()).toEqual(names.map((name) => String(port(name))).sort())
  }

  test('moves traffic registry by registry, and loses no request', { timeout: 120_000 }, async () => {
    await next(shows('eureka/WORDS used 2, consul/words not 0'))
    await answering('7001', '7002')

    expect(await next(shows('eureka/WORDS used 2, consul/words not 2'))).toMatch(/2\. +consul\/words +live .* in reserve after eureka\/WORDS/)
    await answering('7001', '7002')

    await next(shows('eureka/WORDS used 2, consul/words not 2, consul/words used 2, eureka/WORDS not 2'))
    await answering('7001', '7002', '7003', '7004')

    await next(shows('consul/words used 2, eureka/WORDS not 2'), () => answering('7003', '7004'))
    await answering('7003', '7004')

    const end = await next(shows('consul/words used 2'))
    expect(end).toContain('from consul/words')
    expect(end).not.toMatch(/FAILED|eureka\/WORDS/)
    expect(end.trimEnd()).toMatch(/no request was lost$/)
    await next()
    expect(blocks).toEqual([])
  })
})
