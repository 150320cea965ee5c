// What the small proxy programs of the bench are told by the process that starts them.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const variable = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: this program is started by npm run bench`)
  return value
}

export const plainPort = Number(process.argv[2])
export const tlsPort = Number(process.argv[3])
export const backendUrl = `http://127.0.0.1:${variable('BENCH_BACKEND')}`
export const echoUrl = `http://127.0.0.1:${variable('BENCH_ECHO')}`
export const credentials = { cert: readFileSync(variable('BENCH_CERT')), key: readFileSync(variable('BENCH_KEY')) }
/** Loads a module of the bench's cache, which is outside the checkout. */
export const load: (name: string) => unknown = createRequire(join(variable('BENCH_MODULES'), 'package.json'))
