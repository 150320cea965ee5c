// Moving a service to Nomad under load. Nomad is the double behind a real socket, since no real one can be had; all else is real.
import { afterEach, beforeEach } from 'vitest'
import { serveNomad, type ServedNomad } from '../support/serve-nomad.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { files, moves, SPEED, type Side } from '../suites/migration.ts'

let nomad: ServedNomad
let temp: Awaited<ReturnType<typeof makeTempDirectory>>
beforeEach(async () => {
  nomad = await serveNomad({ speed: SPEED })
  temp = await makeTempDirectory()
})
afterEach(() => Promise.all([nomad.stop(), temp.remove()]))

const side = (): Side => ({
  ref: 'new/words',
  options: (address) => ({ type: 'nomad', address: `http://${address}` }),
  address: () => nomad.address,
  list: async (backends) => nomad.registry.put('words', backends.map(({ name, host, port }) => ({ id: name, address: host, port }))),
  fail: (d) => d.fault('new').blackhole(),
})

moves(() => files(() => temp.directory), side)
