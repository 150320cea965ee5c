// One instance of words, for the Consul example: `node word.ts PORT VERSION`.
import { createServer } from 'node:http'

const [port = '7001', version = 'v1'] = process.argv.slice(2)
createServer((request, response) => {
  request.resume()
  response.end(`lantern (words ${version} on ${port})\n`)
}).listen(Number(port), '127.0.0.1')
