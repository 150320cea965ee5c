// What `npm pack` makes, installed somewhere else: the command, the three entries from JavaScript, and their types.
import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts, startServer } from '../../support/server-process.ts'
import { makeTempDirectory } from '../../support/temp.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const run = promisify(execFile)
const temp = await makeTempDirectory()
const home = join(temp.directory, 'consumer')

/** Output of a program in the consumer's directory; rejects with its errors. */
const output = async (program: string, ...args: string[]): Promise<string> => (await run(program, args, { cwd: home })).stdout.trim()

beforeAll(async () => {
  await mkdir(home)
  await writeFile(join(home, 'package.json'), '{ "name": "consumer", "type": "module", "private": true }')
  await run('npm', ['pack', '--pack-destination', temp.directory], { cwd: ROOT })
  const tarball = (await readdir(temp.directory)).find((name) => name.endsWith('.tgz'))
  await output('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', `../${tarball ?? ''}`)
}, 120_000)

afterAll(() => temp.remove())

/** Compilers and npm share the machine with the rest of the tests. */
const SLOW = 60_000

describe('the command', () => {
  test('says its version and checks a file', { timeout: SLOW }, async () => {
    expect(await output('npx', 'fairlead', 'version')).toMatch(/^fairlead \d+\.\d+\.\d+ \(node /)
    await writeFile(join(home, 'good.yaml'), 'routes: [{ match: "/**", respond: { body: hi } }]\n')
    expect(await output('npx', 'fairlead', 'check', 'good.yaml')).toContain('no problems')
    await writeFile(join(home, 'bad.yaml'), 'routes: [{ mach: "/**", respond: {} }]\n')
    await expect(output('npx', 'fairlead', 'check', 'bad.yaml')).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining("'mach'") as string })
  })

  test('runs a gateway with its workers', { timeout: SLOW }, async () => {
    const [port = 0, admin = 0] = await freePorts(2)
    await writeFile(join(home, 'run.yaml'), `listen: 127.0.0.1:${port}\nadmin: { port: ${admin} }\naccessLog: off\nroutes: [{ match: "/**", respond: { body: packed } }]\n`)
    const gateway = await startServer({
      program: process.execPath,
      args: [join(home, 'node_modules/fairlead/dist/src/cli/main.js'), 'run', join(home, 'run.yaml'), '--workers', '1'],
      address: `127.0.0.1:${port}`,
      ready: async (address) => (await fetch(`http://${address}/`)).ok,
    })
    try {
      expect(await (await fetch(`http://127.0.0.1:${port}/x`)).text()).toBe('packed')
    } finally {
      await gateway.stop()
    }
  })
})

describe('eureka-js-client, which is carried by the package', () => {
  const from = (base: string, name: string): string => createRequire(base).resolve(`${name}/package.json`)
  const versionIn = (manifest: string): string => (createRequire(manifest)(manifest) as { version: string }).version

  test('has what the overrides of this project put below it, and npm takes that for right', { timeout: SLOW }, async () => {
    const { overrides } = createRequire(import.meta.url)(join(ROOT, 'package.json')) as { overrides: Record<string, Record<string, string>> }
    const client = from(join(home, 'node_modules/fairlead/package.json'), 'eureka-js-client')
    for (const [name, version] of Object.entries(overrides['eureka-js-client'] ?? {})) expect(version.split('@').at(-1)).toBe(versionIn(from(client, name)))
    expect(Number.parseInt(versionIn(from(from(client, 'request'), 'tough-cookie')), 10)).toBeGreaterThan(4)
    // Fails where a dependency is not of a version that is asked for, which is what ends `npm ci`.
    expect(await output('npm', 'ls', '--all')).toContain('npm:@cypress/request@')
  })

  test('announces the gateway', { timeout: SLOW }, async () => {
    const calls: string[] = []
    const eureka = createServer((request, response) => {
      calls.push(`${request.method} ${request.url}`)
      response.writeHead(request.method === 'POST' ? 204 : 404).end()
    })
    await new Promise<void>((listening) => void eureka.listen(0, '127.0.0.1', listening))
    const [port = 0, admin = 0] = await freePorts(2)
    const registry = `{ type: eureka, address: 'http://127.0.0.1:${(eureka.address() as AddressInfo).port}/eureka', announce: { app: gateway, ip: 127.0.0.1, drain: 0s } }`
    await writeFile(join(home, 'announce.yaml'), `listen: 127.0.0.1:${port}\nadmin: { port: ${admin} }\naccessLog: off\nregistries: { netflix: ${registry} }\nroutes: [{ match: "/**", respond: { body: packed } }]\n`)
    const gateway = await startServer({
      program: process.execPath,
      args: [join(home, 'node_modules/fairlead/dist/src/cli/main.js'), 'run', join(home, 'announce.yaml'), '--workers', '1'],
      address: `127.0.0.1:${port}`,
      ready: async (address) => (await fetch(`http://${address}/`)).ok,
    })
    try {
      await expect.poll(() => calls, { timeout: 30_000 }).toContain('POST /eureka/apps/GATEWAY')
    } finally {
      await gateway.stop()
      eureka.close()
      eureka.closeAllConnections()
    }
  })
})

describe('the entries', () => {
  test('decide, serve and explain from JavaScript', async () => {
    await writeFile(join(home, 'use.js'), `
      import { compile, decide, describedHead, explain } from 'fairlead'
      import { parseConfig, adapters, startGateway } from 'fairlead/node'
      import { createEdge } from 'fairlead/edge'
      const text = 'listen: 127.0.0.1:0\\nroutes: [{ name: all, match: "/{who}", respond: { body: hello } }]'
      const table = compile(text)
      const head = describedHead({ method: 'GET', url: 'http://a.example/ann' }, { callers: table.callers, listener: 'http' })
      const context = { wallClock: 0, roll: 0.5 }
      const { config } = parseConfig(text, { file: '', adapters })
      const gateway = await startGateway(config)
      const served = await (await fetch(\`http://127.0.0.1:\${gateway.ports.http}/ann\`)).text()
      await gateway.stop(0)
      const edge = await (await createEdge({ table: table.config }).fetch(new Request('http://a.example/ann'), {})).text()
      console.log(JSON.stringify([decide(table, head, context).kind, explain(table, head, context).winner.params.who, served, edge]))
    `)
    expect(JSON.parse(await output(process.execPath, 'use.js'))).toEqual(['respond', 'ann', 'hello', 'hello'])
  })

  const checked = async (name: string, source: string, compilerOptions: object): Promise<string> => {
    await writeFile(join(home, `${name}.ts`), source)
    const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, skipLibCheck: false, ...compilerOptions }
    await writeFile(join(home, `tsconfig.${name}.json`), JSON.stringify({ compilerOptions: options, files: [`${name}.ts`] }))
    return output(process.execPath, TSC, '-p', `tsconfig.${name}.json`)
  }

  test('have types that hold, the portable ones without those of Node', { timeout: SLOW }, async () => {
    const source = `
      import { compile, decide, describedHead, explain, type Decision, type Explanation } from 'fairlead'
      import { createEdge, type EdgeEnv } from 'fairlead/edge'
      const table = compile('routes: []')
      const head = describedHead({ method: 'GET', url: '/x' }, { callers: table.callers, listener: 'http' })
      export const decision: Decision = decide(table, head, { wallClock: 0, roll: 0.5 })
      export const story: Explanation = explain(table, head, { wallClock: 0, roll: 0.5 })
      export const env: EdgeEnv = { FAIRLEAD_TABLE: table.config }
      export default createEdge({ table: table.config })
      // @ts-expect-error -- not a number
      export const wrong: number = decision.kind
      // @ts-expect-error -- a context has a clock in milliseconds
      decide(table, head, { wallClock: 'now', roll: 0.5 })
    `
    expect(await checked('portable', source, { types: [], lib: ['ESNext', 'WebWorker'] })).toBe('')
  })

  test('have types that hold on Node', { timeout: SLOW }, async () => {
    const source = `
      import { type Config, type RunningGateway, startGateway } from 'fairlead/node'
      export const start = (config: Config): Promise<RunningGateway> => startGateway(config, { onAccess: ({ status }) => console.log(status.toFixed()) })
      // @ts-expect-error -- a configuration has listeners and more
      await startGateway({})
    `
    expect(await checked('server', source, { types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] })).toBe('')
  })
})
