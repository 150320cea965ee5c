// A gateway inside a program that cannot start.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { adapters, parseConfig, startGateway } from '../../../src/node/entry.ts'
import { freePorts } from '../../support/server-process.ts'
import { makeTempDirectory } from '../../support/temp.ts'

let temp: { readonly directory: string; remove(): Promise<void> }
let taken: Server
let free: number

beforeAll(async () => {
  temp = await makeTempDirectory()
})
afterAll(() => temp.remove())
beforeEach(async () => {
  taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  ;[free = 0] = await freePorts(1)
})
afterEach(async () => {
  taken.close()
  await once(taken, 'close')
})

const start = async (lines: string): Promise<unknown> => {
  const { config } = parseConfig(`${lines}\nstateDir: ${temp.directory}\naccessLog: off\nroutes: [{ match: "/**", respond: { body: hello } }]`, { file: '', adapters })
  if (config === undefined) throw new Error('the configuration is wrong')
  return startGateway(config, { admin: true })
}
const takenPort = (): number => (taken.address() as AddressInfo).port

test.each([
  ['a listener', () => `listeners: { one: { host: 127.0.0.1, port: ${free} }, two: { host: 127.0.0.1, port: ${takenPort()} } }\nadmin: { port: 0 }`],
  ['its admin server', () => `listen: 127.0.0.1:${free}\nadmin: { port: ${takenPort()} }`],
])('for the port of %s leaves no other open', async (_name, lines) => {
  await expect(start(lines())).rejects.toThrow('EADDRINUSE')
  const again = createServer()
  await once(again.listen(free, '127.0.0.1'), 'listening')
  again.close()
})
