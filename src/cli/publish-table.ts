// What `routes push` and `routes rollback` have in common: publish a text, wait for the gateways, and say what came of it.
import { listAcks, waitForAcks, type Answer, type LiveAck } from '../node/store/acks.ts'
import { publish, type Published } from '../node/store/publish.ts'
import { age as ageText } from './columns.ts'
import { type CliIo, type ExitCode, fail } from './io.ts'
import type { StoreAccess } from './store-options.ts'

export interface PublishRequest {
  readonly text: string
  readonly by: string
  readonly note: string
  readonly expectVersion?: number
  /** Longest wait for the gateways, milliseconds; 0 does not wait. */
  readonly timeout: number
  readonly json: boolean
}

type Success = Extract<Published, { kind: 'published' }>

/** Publishes and waits. 0 when every live gateway applied it (or none lives), else 1. */
export async function publishTable({ client, keys, prefix }: StoreAccess, request: PublishRequest, io: CliIo): Promise<ExitCode> {
  const { text, by, note, expectVersion, timeout, json } = request
  const gateways = await listAcks(client, keys)
  const published = await publish({ client, prefix, text, by, note, ...(expectVersion === undefined ? {} : { expectVersion }) })
  if (published.kind === 'conflict') return fail(io, json, published.message, { found: published.found })
  if (!json) sayPublished(published, gateways, io)
  const live = timeout === 0 ? [] : gateways.filter((gateway) => gateway.live).map(({ ack }) => ack.gateway)
  const width = Math.max(0, ...live.map(({ length }) => length))
  const answers = await waitForAcks({
    client,
    keys,
    ...published,
    gateways: live,
    timeout,
    onAnswer: (answer) => (json ? undefined : io.out(`${answer.gateway.padEnd(width)}  ${inWords(answer, timeout)}`)),
  })
  const ok = answers.every(({ status }) => status !== 'rejected' && status !== 'silent')
  if (json) io.out(JSON.stringify({ ok, ...published, gateways: answers }))
  else if (live.length > 0) saySum(answers, published.version, io)
  return ok ? 0 : 1
}

function sayPublished({ version, previous, bytes }: Success, gateways: readonly LiveAck[], io: CliIo): void {
  io.out(`published version ${version}${previous === 0 ? '' : ` after ${previous}`} (${bytes} bytes)`)
  if (gateways.length === 0) io.out('no gateway has registered under this prefix; those that start will take it')
  for (const { ack, age, live } of gateways) if (!live) io.out(`${ack.gateway}  not waited for: last heard of ${ageText(age)} ago`)
}

function inWords({ status, error }: Answer, timeout: number): string {
  switch (status) {
    case 'applied':
      return 'applied'
    case 'rejected':
      return `rejected, and goes on with what it had\n${error.replaceAll(/^/gm, '    ')}`
    case 'superseded':
      return 'went on to a later version'
    case 'gone':
      return 'left meanwhile'
    case 'silent':
      return `no answer within ${timeout / 1000} s`
  }
}

function saySum(answers: readonly Answer[], version: number, io: CliIo): void {
  const applied = answers.filter(({ status }) => status === 'applied').length
  const open = answers.filter(({ status }) => status === 'rejected' || status === 'silent').length
  if (open > 0) io.err(`${open} of ${answers.length} gateways did not take version ${version}; it stays published, and they go on with what they had. Correct the table and push again, or go back with \`fairlead routes rollback\``)
  else io.out(`${applied} of ${answers.length} gateways run version ${version}`)
}
