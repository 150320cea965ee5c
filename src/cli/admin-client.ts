// Asks the admin server of a running gateway.
import type { AdminError } from '../model/admin.ts'
import { codeOf, messageOf } from '../model/error.ts'
import { type CliIo, fail, UsageError } from './io.ts'

/** Where the admin server is unless the configuration says otherwise. */
const DEFAULT_ADMIN = 'http://127.0.0.1:9990'

/** Options of commands that read one list from the admin server. */
export const ADMIN_OPTIONS = { admin: { type: 'string' }, json: { type: 'boolean', default: false } } as const

/** Milliseconds for one answer; a table of 100,000 routes is large. */
const TIMEOUT = 30_000

/** The gateway did not answer, or answered with an error, which the message gives in words for people. */
export class AdminFault extends Error {
  override readonly name = 'AdminFault'
  /** Status of the answer, 0 without one. */
  readonly status: number

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Asks for a path below the admin URL, by POST when there is a body. Throws `AdminFault`. */
export async function askAdmin<T>(admin: string | undefined, path: string, body?: unknown): Promise<T> {
  const base = admin ?? DEFAULT_ADMIN
  const url = URL.parse(path, base)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--admin ${base} is not an URL: write ${DEFAULT_ADMIN}`)
  const response = await reach(url, body)
  const text = await response.text()
  if (response.ok) return readJson(text, base) as T
  throw new AdminFault(errorIn(text) ?? `${base} answered ${response.status}: is it the admin server?`, response.status)
}

/** The answer, or undefined after saying why there is none. */
export async function orFault<T>(asked: Promise<T>, json: boolean, io: CliIo): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof AdminFault)) throw error
    fail(io, json, error.message)
    return undefined
  }
}

async function reach(url: URL, body: unknown): Promise<Response> {
  const sent = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  try {
    return await fetch(url, { ...sent, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) })
  } catch (error) {
    throw new AdminFault(`no gateway answers at ${url.origin} (${reason(error)}): is it running, and is this its admin address? --admin URL names another`, 0, { cause: error })
  }
}

function reason(error: unknown): string {
  const code = codeOf(error instanceof Error ? error.cause : undefined)
  return code === '' ? messageOf(error) : code
}

function readJson(text: string, base: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AdminFault(`${base} answered something that is not JSON: is it the admin server?`, 0, { cause: error })
  }
}

function errorIn(text: string): string | undefined {
  try {
    const answer = JSON.parse(text) as Partial<AdminError> | null
    return typeof answer?.error === 'string' ? answer.error : undefined
  } catch {
    return undefined
  }
}
