// One instance of words that lives as instances should: `node word.ts PORT eureka|consul` announces itself there, serves, and on
// SIGTERM or Ctrl-C withdraws first, goes on serving for those who have not heard of it yet, and then ends.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const [port = '7001', registry = 'eureka'] = process.argv.slice(2)
const eureka = `${process.env['EUREKA_URL'] ?? 'http://127.0.0.1:8761/eureka'}/apps/WORDS`
const consul = `${process.env['CONSUL_HTTP_ADDR'] ?? 'http://127.0.0.1:8500'}/v1/agent/service`
/** Milliseconds between withdrawing and ending. */
const DRAIN = 3000

async function ask(method: string, url: string, body?: object): Promise<void> {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) })
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
}

const registries = {
  eureka: {
    announce: () =>
      ask('POST', eureka, {
        instance: {
          instanceId: `words-${port}`,
          hostName: '127.0.0.1',
          ipAddr: '127.0.0.1',
          app: 'WORDS',
          vipAddress: 'words',
          status: 'UP',
          port: { $: Number(port), '@enabled': 'true' },
          dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        },
      }),
    heartbeat: () => ask('PUT', `${eureka}/words-${port}?status=UP`),
    withdraw: () => ask('DELETE', `${eureka}/words-${port}`),
  },
  consul: {
    announce: () => ask('PUT', `${consul}/register`, { ID: `words-${port}`, Name: 'words', Address: '127.0.0.1', Port: Number(port) }),
    heartbeat: () => Promise.resolve(),
    withdraw: () => ask('PUT', `${consul}/deregister/words-${port}`),
  },
}
const { announce, heartbeat, withdraw } = registries[registry === 'consul' ? 'consul' : 'eureka']

const server = createServer((request, response) => {
  request.resume()
  response.end(`words on ${port}, known from ${registry}\n`)
})
server.listen(Number(port), '127.0.0.1', () => void announce().then(() => console.log(`words on ${port} is announced to ${registry}`)))
const beat = setInterval(() => void heartbeat().catch((error: Error) => console.error(error.message)), 15_000)

async function end(): Promise<void> {
  clearInterval(beat)
  await withdraw().catch((error: Error) => console.error(error.message))
  await sleep(DRAIN)
  server.close()
  server.closeIdleConnections()
}
process.once('SIGTERM', () => void end())
process.once('SIGINT', () => void end())
