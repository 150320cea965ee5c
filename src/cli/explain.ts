// `fairlead explain METHOD URL`: what happens to a request and why, asked of a running gateway or worked out from a file.
import type { ExplainRequest } from '../model/admin.ts'
import { GatewayError } from '../model/error.ts'
import { arrivalOf } from '../proxy/arrival.ts'
import { describedHead } from '../proxy/described-head.ts'
import { explainRequest, type RequestExplanation } from '../proxy/explain-request.ts'
import { Complaint } from '../config/complaint.ts'
import { readInstant } from '../config/quantities.ts'
import { AdminFault, askAdmin } from './admin-client.ts'
import { readArguments } from './arguments.ts'
import { explanationText } from './explanation-text.ts'
import { type CliIo, type ExitCode, fail, UsageError } from './io.ts'
import { readSnapshot } from './offline.ts'

export const EXPLAIN_USAGE = `usage: fairlead explain [METHOD] URL [options]
  METHOD          default GET
  URL             http://host/path, host/path or /path
  -H 'NAME: VALUE'  a header; may be given several times
  --from WHO      address of the client, or the name of a caller; default 127.0.0.1
  --listener NAME listener on which it arrives; default one on the port of URL, else the first whose TLS fits its scheme
  --at WHEN       time of the request, as 2026-11-23T08:00:00Z, for routes with a time window; default now
  --roll N        draw for a split, from 0 up to 1; default random
  --config FILE   work it out from this file; registries are not asked
  --admin URL     ask this gateway, default http://127.0.0.1:9990
  --all           every losing route, not only the nearest
  --json          one JSON object as the result

  Ends with 1 when no route matches or the request would be refused.

example:
  fairlead explain GET http://words.example.com/one -H 'x-user: tester-1' --from 10.0.0.7`

const OPTIONS = {
  header: { type: 'string', short: 'H', multiple: true, default: [] as string[] },
  from: { type: 'string' },
  listener: { type: 'string' },
  roll: { type: 'string' },
  at: { type: 'string' },
  config: { type: 'string' },
  admin: { type: 'string' },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

export async function explain(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS, EXPLAIN_USAGE)
  const [first, second, ...more] = positionals
  if (first === undefined || more.length > 0) throw new UsageError(EXPLAIN_USAGE)
  if (values.config !== undefined && values.admin !== undefined) throw new UsageError(`--config and --admin name two places to ask: give one\n${EXPLAIN_USAGE}`)
  const request: ExplainRequest = {
    method: second === undefined ? 'GET' : first,
    url: second ?? first,
    headers: values.header.map(readHeader),
    ...(values.from === undefined ? {} : { from: values.from }),
    ...(values.listener === undefined ? {} : { listener: values.listener }),
    ...(values.roll === undefined ? {} : { roll: readRoll(values.roll) }),
    ...(values.at === undefined ? {} : { at: readAt(values.at) }),
    ...(values.all ? { limit: Number.MAX_SAFE_INTEGER } : {}),
  }
  const ask = values.config === undefined ? () => askAdmin<RequestExplanation>(values.admin, '/api/explain', request) : await fromFile(values.config, request, values.json, io)
  return ask === undefined ? 1 : answer(ask, values, io)
}

async function answer(ask: () => RequestExplanation | Promise<RequestExplanation>, values: { readonly json: boolean; readonly all: boolean }, io: CliIo): Promise<ExitCode> {
  try {
    const explanation = await ask()
    if (values.json) io.out(JSON.stringify(explanation))
    else for (const line of explanationText(explanation, values.all)) io.out(line)
    return explanation.winner === null || explanation.winner.action.kind === 'refused' ? 1 : 0
  } catch (error) {
    if (!(error instanceof GatewayError || error instanceof AdminFault)) throw error
    const message = error instanceof GatewayError ? `the gateway refuses this request: ${error.message}` : error.message
    return fail(io, values.json, message, error instanceof GatewayError ? { reason: error.reason } : {})
  }
}

/** Undefined when the file is not valid, which has been said. */
async function fromFile(file: string, request: ExplainRequest, json: boolean, io: CliIo): Promise<(() => RequestExplanation) | undefined> {
  const read = await readSnapshot(file, json, io)
  if (read === undefined) return undefined
  const { snapshot, listeners } = read
  const names = listeners.map(({ name }) => name)
  if (request.listener !== undefined && !names.includes(request.listener)) throw new UsageError(`there is no listener ${JSON.stringify(request.listener)} in ${file}: listeners are ${names.join(', ')}`)
  return () => {
    const head = describedHead(request, { callers: snapshot.table.callers, ...arrivalOf(request, listeners) })
    return explainRequest(snapshot, head, { wallClock: request.at ?? Date.now(), roll: request.roll ?? Math.random() }, request.limit === undefined ? {} : { limit: request.limit })
  }
}

function readHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':')
  if (colon < 1) throw new UsageError(`-H ${JSON.stringify(text)} is not a header: write -H 'name: value'`)
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]
}

function readRoll(text: string): number {
  const roll = Number(text)
  if (!/^0?\.?\d+$/.test(text) || !(roll >= 0 && roll < 1)) throw new UsageError(`--roll ${text} is not a number from 0 up to 1: write 0.95`)
  return roll
}

function readAt(text: string): number {
  try {
    return readInstant(text)
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    throw new UsageError(`--at: ${error.message}: ${error.hint ?? ''}`, { cause: error })
  }
}
