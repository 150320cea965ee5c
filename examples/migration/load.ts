// Asks for words without a pause from the first answer on, and says each second who answered: `node load.ts URL`. Ends on SIGTERM
// or Ctrl-C with the sum, and with 1 when a request failed.
import { Agent, get } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const url = process.argv[2] ?? 'http://127.0.0.1:8080/'
const agent = new Agent({ keepAlive: true })
const all = new Map<string, number>()
let second = new Map<string, number>()
let failed = 0
const life = new AbortController()

async function ask(): Promise<string> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    get(url, { agent, headers: { host: 'words.local' } }, resolve).on('error', reject)
  })
  const body = (await text(response)).trim()
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${body}`)
  return body
}

async function client(): Promise<void> {
  while (!life.signal.aborted) {
    const who = await ask().catch((error: Error) => {
      failed++
      return `FAILED: ${error.message}`
    })
    for (const counts of [all, second]) counts.set(who, (counts.get(who) ?? 0) + 1)
    await sleep(5)
  }
}

function say(counts: ReadonlyMap<string, number>): void {
  console.log([...counts].sort().map(([who, count]) => `${who}: ${count}`).join('; '))
}

const ticker = setInterval(() => {
  say(second)
  second = new Map()
}, 1000)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => life.abort())
while (!life.signal.aborted && !(await ask().then(() => true, () => false))) await sleep(100)
await Promise.all(Array.from({ length: 4 }, client))
clearInterval(ticker)
agent.destroy()
console.log('in all:')
say(all)
console.log(failed === 0 ? 'no request was lost' : `${failed} requests were lost`)
process.exitCode = failed === 0 ? 0 : 1
