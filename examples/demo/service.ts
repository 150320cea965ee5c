// One service of the demo in a process of its own, for platforms that start processes: nomad/demo.nomad.hcl.
//   node service.ts words|capitalizer|simon --port N [--host ADDRESS] [--version v1] [--gateway PORT]
import { createServer, type RequestListener } from 'node:http'
import { parseArgs } from 'node:util'
import { capitalizer, simon, words } from './services.ts'

const { values, positionals } = parseArgs({
  options: { port: { type: 'string' }, host: { type: 'string', default: '127.0.0.1' }, version: { type: 'string', default: 'v1' }, gateway: { type: 'string', default: '8080' } },
  allowPositionals: true,
})

const services: Readonly<Record<string, RequestListener>> = { words: words(values.version), capitalizer, simon: simon(Number(values.gateway)) }
const service = services[positionals[0] ?? '']
if (service === undefined || values.port === undefined) {
  console.error('usage: node service.ts words|capitalizer|simon --port N [--host ADDRESS] [--version v1] [--gateway PORT]')
  process.exit(2)
}
const server = createServer(service).listen(Number(values.port), values.host)
// Requests under way finish; kept connections that are idle do not hold it up.
process.on('SIGTERM', () => server.close())
process.on('SIGINT', () => server.close())
