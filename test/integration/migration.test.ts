// Moving a service to Nomad under load. Nomad and Marathon are doubles behind real sockets, since no real ones can be had; all else is real.
import { afterEach, beforeEach, describe } from 'vitest'
import { startMarathon, type MarathonServer } from '../support/fake-marathon/server.ts'
import { serveNomad, type ServedNomad } from '../support/serve-nomad.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { files, moves, SPEED, type Side } from '../suites/migration.ts'

let nomad: ServedNomad
beforeEach(async () => {
  nomad = await serveNomad({ speed: SPEED })
})
afterEach(() => nomad.stop())

const nomadSide = (): Side => ({
  ref: 'new/words',
  options: (address) => ({ type: 'nomad', address: `http://${address}` }),
  address: () => nomad.address,
  list: async (backends) => nomad.registry.put('words', backends.map(({ name, host, port }) => ({ id: name, address: host, port }))),
  fail: (d) => d.fault('new').blackhole(),
})

describe('a service moves from a registry of files to Nomad', () => {
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeEach(async () => {
    temp = await makeTempDirectory()
  })
  afterEach(() => temp.remove())
  moves(() => files(() => temp.directory), nomadSide)
})

describe('a service moves from Marathon to Nomad', () => {
  let marathon: MarathonServer
  beforeEach(async () => {
    marathon = await startMarathon({ heartbeat: 10_000 / SPEED })
  })
  afterEach(() => marathon.close())
  const marathonSide = (): Side => ({
    ref: 'old/words',
    options: (address) => ({ type: 'marathon', address: `http://${address}` }),
    address: () => marathon.nodes[0] ?? '',
    list: async (backends) => marathon.put({ id: '/words', ports: [{ name: 'http' }], checks: 1, tasks: backends.map(({ name, host, port }) => ({ id: `words.${name}`, host, ports: [port], alive: true })) }),
  })
  moves(marathonSide, nomadSide)
})
