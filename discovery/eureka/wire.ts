// Eureka's JSON, with what several generations of servers make of it: lists of one that are objects, lists of none that are
// null, numbers and flags that are text, keys of the serializer's own that begin with "@".
import { recordOf } from '../json.ts'

/** An instance as the server wrote it. What later code checks is still `unknown`. */
export interface Row {
  /** In capitals. */
  readonly app: string
  /** `instanceId`; of old clients, which have none, Amazon's `instance-id`, else the host name. */
  readonly id: string
  /** UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN; an operator's override is folded in by the server. */
  readonly status: string
  readonly hostName: unknown
  readonly ipAddr: unknown
  readonly port: Port
  readonly securePort: Port
  /** In small letters. */
  readonly vips: readonly string[]
  readonly svips: readonly string[]
  readonly meta: Readonly<Record<string, unknown>>
  /** Amazon's. */
  readonly availabilityZone: unknown
  /** In a delta: ADDED, MODIFIED, DELETED. */
  readonly action: string
  /** Times on the server's clock: only compared with each other, the greater is the newer. */
  readonly dirty: number
  readonly updated: number
}

interface Port {
  readonly number: unknown
  readonly enabled: boolean
}

/** A whole answer of `/apps` or `/apps/delta`. */
export interface Applications {
  readonly rows: readonly Row[]
  /** What could not be read as an instance, with the application that it stood in. */
  readonly unreadable: readonly { readonly app: string; readonly position: number }[]
  /** `apps__hashcode`: how many instances of each status the server has, `DOWN_1_UP_12_`. Undefined when it does not say. */
  readonly hash: string | undefined
}

/** Reads the body of an answer. Throws an error that says in words what it is instead. */
export function parseApplications(body: Uint8Array, contentType: string): Applications {
  const text = new TextDecoder().decode(body)
  const applications = recordOf(recordOf(parseJson(text, contentType))?.['applications'])
  if (applications === undefined) throw new Error('the answer has no "applications"; is this a Eureka server?')
  const rows: Row[] = []
  const unreadable: { app: string; position: number }[] = []
  for (const application of listOf(applications['application'])) {
    const name = textOf(recordOf(application)?.['name'])
    for (const [position, instance] of listOf(recordOf(application)?.['instance']).entries()) {
      const row = readRow(instance, name)
      if (row === undefined) unreadable.push({ app: name.toUpperCase(), position })
      else rows.push(row)
    }
  }
  const hash = applications['apps__hashcode']
  return { rows, unreadable, hash: typeof hash === 'string' ? hash : undefined }
}

function parseJson(text: string, contentType: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const start = text.trimStart().slice(0, 100)
    if (/^<\?xml|^<applications/.test(start) || /xml/.test(contentType)) throw new Error('the answer is XML although JSON was asked for; something between here and the server drops the Accept header')
    if (start.startsWith('<')) throw new Error('the answer is a page of HTML; the address must be the base of the API, such as http://host:8761/eureka')
    if (start === '') throw new Error('the answer is empty')
    throw new Error('the answer is no whole JSON')
  }
}

function readRow(value: unknown, application: string): Row | undefined {
  const raw = recordOf(value)
  if (raw === undefined) return undefined
  const center = recordOf(recordOf(raw['dataCenterInfo'])?.['metadata'])
  const id = [raw['instanceId'], center?.['instance-id'], raw['hostName']].map(textOf).find((text) => text !== '')
  const app = (textOf(raw['app']) || application).toUpperCase()
  if (id === undefined || app === '') return undefined
  return {
    app,
    id,
    status: textOf(raw['status']).toUpperCase() || 'UNKNOWN',
    hostName: raw['hostName'],
    ipAddr: raw['ipAddr'],
    port: readPort(raw['port'], true),
    securePort: readPort(raw['securePort'], false),
    vips: readVips(raw['vipAddress']),
    svips: readVips(raw['secureVipAddress']),
    meta: readMeta(raw['metadata']),
    availabilityZone: center?.['availability-zone'],
    action: textOf(raw['actionType']),
    dirty: numberOf(raw['lastDirtyTimestamp']),
    updated: numberOf(raw['lastUpdatedTimestamp']),
  }
}

// {"$": 8080, "@enabled": "true"}; either may be of the other type, and a plain number is an enabled port.
function readPort(value: unknown, otherwise: boolean): Port {
  const raw = recordOf(value)
  if (raw === undefined) return { number: numeric(value), enabled: value !== undefined && value !== null && otherwise }
  const flag = raw['@enabled'] ?? raw['enabled']
  return { number: numeric(raw['$']), enabled: flag === undefined ? otherwise : String(flag).toLowerCase() === 'true' }
}

// Keys that begin with "@" are the serializer's: an empty map is {"@class": "java.util.Collections$EmptyMap"}.
function readMeta(value: unknown): Record<string, unknown> {
  const meta = Object.create(null) as Record<string, unknown>
  for (const [key, each] of Object.entries(recordOf(value) ?? {})) if (!key.startsWith('@')) meta[key] = each
  return meta
}

function readVips(value: unknown): string[] {
  return textOf(value)
    .split(',')
    .map((vip) => vip.trim().toLowerCase())
    .filter((vip) => vip !== '')
}

/** A number that may be written as text; everything else stays what it is. */
export function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,20}(\.\d{1,10})?$/.test(value) ? Number(value) : value
}

function numberOf(value: unknown): number {
  const number = numeric(value)
  return typeof number === 'number' ? number : 0
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null || value === '' ? [] : [value]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
