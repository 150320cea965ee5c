// Where the bench keeps things: everything it installs or generates lies in a cache outside the checkout.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('..', import.meta.url))
/** Fairlead's program; `FAIRLEAD_BENCH_MAIN` names another one with the same command line, to compare two versions. */
export const main = process.env['FAIRLEAD_BENCH_MAIN'] ?? join(repository, 'src', 'cli', 'main.ts')
/** `FAIRLEAD_BENCH_CACHE`, or a folder of the user's cache. */
export const cache = process.env['FAIRLEAD_BENCH_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fairlead-bench')
export const python = join(cache, 'venv')
export const modules = join(cache, 'npm')
export const results = join(repository, 'bench', 'results')

/** A fresh folder for one run's configuration files and logs. */
export function scratchFolder(): string {
  mkdirSync(cache, { recursive: true })
  return mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
}
