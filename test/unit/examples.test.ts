// Every configuration that people may copy passes `fairlead check`: the examples, the Nomad job's with its routes, and the blocks
// of the documents that begin with ```yaml config.
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { check } from '../../src/cli/check.ts'
import { fencedBlocks } from '../support/fenced.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ENV = { CONSUL_HTTP_ADDR: 'http://127.0.0.1:8500', NOMAD_SECRETS_DIR: '/secrets', NOMAD_ALLOC_DIR: '/alloc', NOMAD_PORT_http: '8080', NOMAD_PORT_admin: '9990', CONSUL_HTTP_TOKEN: 'secret', FAIRLEAD_ADMIN_TOKEN: 'secret', FAIRLEAD_EXPLAIN_SECRET: 'secret' }

interface Text {
  readonly name: string
  readonly text: string
}

async function all(pattern: string): Promise<Text[]> {
  return Array.fromAsync(glob(pattern, { cwd: ROOT, exclude: (path) => path.includes('node_modules') }), async (name) => ({ name, text: await readFile(join(ROOT, name), 'utf8') }))
}

const documents = [...(await all('*.md')), ...(await all('docs/**/*.md')), ...(await all('examples/**/*.md')), ...(await all('nomad/*.md'))]
const blocks = documents.flatMap(({ name, text }) => fencedBlocks(text).filter(({ info }) => info === 'yaml config').map((block) => ({ name: `${name}:${block.line}`, text: block.text })))
const routes = await all('nomad/*.yaml')
// As HCL and then Nomad write it.
const written = (template: string): string => template.replace(/^ +/gm, (margin) => margin.slice(10)).replaceAll('$${', '${').replace(/\{\{ with .*/, routes[0]?.text ?? '')
const jobs = (await all('nomad/*.hcl')).flatMap(({ name, text }) => [...text.matchAll(/<<-YAML\n([^]*?)\n\s*YAML$/gm)].map(([, yaml = '']) => ({ name, text: written(yaml) })))
const texts = [...(await all('examples/**/*.yaml')), ...blocks, ...routes, ...jobs]

it('finds them', () => {
  expect(texts.map(({ name }) => name)).toEqual(expect.arrayContaining(['examples/demo/fairlead.yaml', 'examples/edge.yaml', 'nomad/routes.yaml', 'nomad/gateway.nomad.hcl', expect.stringMatching(/^README\.md:/)]))
})

it.each(texts)('$name passes fairlead check', async ({ text }) => {
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  const code = await check(['-', '--strict'], { out: say, err: say, readText: () => Promise.resolve(text), env: ENV })
  expect({ code, said }).toEqual({ code: 0, said: [expect.stringContaining('no problems')] })
})
