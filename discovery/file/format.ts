// The two forms of an endpoints file: lines `host port` or `host port * weight` as Linkerd's fs registry has them, and JSON.
// What one hand wrote is taken whole or not at all, so a bad line refuses the file and says where.
import { z } from 'zod'
import { messageOf } from '../../src/model/error.ts'
import { readHost } from '../host.ts'
import type { Instance } from '../reading.ts'

/** What a file says of one service. */
export type FileContent =
  | {
      readonly kind: 'instances'
      readonly instances: readonly Instance[]
      /** True when the content proves that it is whole and meant: JSON, and the mark `# empty`. Lines may be cut anywhere. */
      readonly stated: boolean
    }
  /** The file does not name the service. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'bad'; readonly reason: string }

const text = z.string().min(1).max(512)

const instance = z.strictObject({
  id: text.optional(),
  host: text,
  port: z.int().min(1).max(65_535),
  weight: z.number().min(0).max(65_535).default(1),
  zone: text.optional(),
  tags: z.array(text).default([]),
  meta: z.record(z.string(), z.string()).default({}),
  health: z.enum(['passing', 'warning', 'critical', 'maintenance', 'unknown']).default('unknown'),
  draining: z.boolean().default(false),
})

const set = z.strictObject({ instances: z.array(instance), empty: z.literal(true).optional() })
const versionOne = { version: z.literal(1) }
const document = z.union([z.strictObject({ ...versionOne, ...set.shape }), z.strictObject({ ...versionOne, services: z.record(z.string(), set) })])

/** Whether a text may have been cut inside of a line and be valid all the same. Hand-written files end so too. */
export function mayGoOn(content: string): boolean {
  return content !== '' && !isJson(content) && !content.endsWith('\n')
}

/** Reads the text of a file. `service` is the name looked up in a file that holds several. */
export function parseEndpointsFile(content: string, service: string, allowEmpty: boolean): FileContent {
  return isJson(content) ? parseJson(content, service, allowEmpty) : parseLines(content, allowEmpty)
}

function isJson(content: string): boolean {
  return /^\s*\{/.test(content)
}

function parseLines(content: string, allowEmpty: boolean): FileContent {
  const instances: Instance[] = []
  let empty = allowEmpty
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (/^\s*#\s*empty\s*$/.test(line)) empty = true
    const wanted = line.replace(/#.*$/, '').trim()
    if (wanted === '') continue
    const read = parseLine(wanted)
    if (typeof read === 'string') return { kind: 'bad', reason: `line ${index + 1}, column ${line.search(/\S/) + 1}: ${read}` }
    instances.push(read)
  }
  return orEmpty(instances, empty, instances.length === 0, 'write a line `# empty` when that is meant')
}

function parseLine(line: string): Instance | string {
  const match = /^(\S+)\s+(\d{1,5})(?:\s*\*\s*(\d{1,5}(?:\.\d{1,6})?))?$/.exec(line)
  if (match === null) return `expected \`host port\` or \`host port * weight\`, found \`${line.slice(0, 80)}\``
  const [, address = '', portText, weightText = '1'] = match
  const [port, weight] = [Number(portText), Number(weightText)]
  // Only the form: which addresses may be used is decided for all registries in one place.
  const host = readHost(address, true)
  if ('reason' in host) return `it ${host.reason}`
  if (port < 1 || port > 65_535) return `the port ${port} is not from 1 to 65535`
  if (weight > 65_535) return `the weight ${weight} is over 65535`
  return { id: `${host.host}:${port}`, host: host.host, port, weight, health: 'unknown' }
}

function parseJson(content: string, service: string, allowEmpty: boolean): FileContent {
  let written: unknown
  try {
    written = JSON.parse(content)
  } catch (error) {
    return { kind: 'bad', reason: `no valid JSON: ${messageOf(error)}` }
  }
  const parsed = document.safeParse(written)
  if (!parsed.success) return { kind: 'bad', reason: complaint(parsed.error) }
  const services = 'services' in parsed.data ? new Map(Object.entries(parsed.data.services)) : undefined
  const wanted = 'services' in parsed.data ? services?.get(service) : parsed.data
  if (wanted === undefined) return { kind: 'absent' }
  const instances = wanted.instances.map(({ id, zone, ...rest }) => ({ id: id ?? `${rest.host}:${rest.port}`, ...rest, ...(zone === undefined ? {} : { zone }) }))
  return orEmpty(instances, allowEmpty || wanted.empty === true, true, 'write `"empty": true` beside `instances` when that is meant')
}

function orEmpty(instances: readonly Instance[], empty: boolean, stated: boolean, hint: string): FileContent {
  return instances.length > 0 || empty ? { kind: 'instances', instances, stated } : { kind: 'bad', reason: `it lists nothing; ${hint}` }
}

// A union reports one list of issues for each member; the one that came furthest is about what was meant.
function complaint(error: z.ZodError): string {
  const issues = error.issues.flatMap((issue) => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue]))
  const deepest = issues.reduce((best, issue) => (issue.path.length > best.path.length ? issue : best))
  return `${deepest.path.map(String).join('.') || 'document'}: ${deepest.message}`
}
