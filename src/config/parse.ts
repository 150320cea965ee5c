// Text in, configuration or problems out. Everything that is wrong is reported at once; nothing is thrown for any input.
import type { z } from 'zod'
import type { Config, TableConfig } from '../model/config.ts'
import type { Problem } from '../model/store.ts'
import { compileTable } from '../route/compile.ts'
import { TableError } from '../route/table-error.ts'
import { assembleFrame, kindOf, type RegistryKind } from './assemble.ts'
import { readDocument, type Path, type Source } from './document.ts'
import { expandTexts, type Environment } from './expand.ts'
import { findingsOf, knownKeys, locate, valueAt, type Finding } from './problems.ts'
import { prune } from './prune.ts'
import { resolveTable, type Names, type Numbered } from './resolve.ts'
import { configDocument, tableDocument, type TableBody } from './schema/config.ts'
import type { RouteBody } from './schema/routes.ts'

export interface ParseOptions {
  /** Name of the text, which relative paths in it stand beside; empty for a text that is no file. */
  readonly file: string
  /** What `${NAME}` stands for. Without it references are refused. */
  readonly env?: Environment
  /** Kinds of registries; discovery/list.ts has them. */
  readonly adapters: readonly RegistryKind[]
}

export interface ParseTableOptions extends Omit<ParseOptions, 'adapters'> {
  /** Names of the gateway's registries and listeners, when they are known; references to others are then errors. */
  readonly registries?: readonly string[]
  readonly listeners?: readonly string[]
}

/** Parses a whole configuration. Without errors there is a `config`; warnings may stand beside it. */
export function parseConfig(text: string, options: ParseOptions): { readonly config?: Config; readonly problems: readonly Problem[] } {
  const { result, problems } = guarded<Config>(text, options.env, (source, failed) => {
    const checked = check(configDocument, source, failed)
    const findings = [...checked.findings]
    if (checked.body === undefined) return { findings }
    const { frame, findings: inFrame } = assembleFrame(checked.body, options.adapters, source, options.file)
    const names = namesOf(source, options)
    const { table, findings: inTable } = resolveTable(checked.body, numbered(checked), names, options.file)
    findings.push(...inFrame, ...inTable, ...checkFrame(source))
    if (findings.length === 0) findings.push(...compileFindings(table, source))
    return { findings, result: { ...frame, table } }
  })
  return result === undefined ? { problems } : { config: result, problems }
}

/** Parses a table apart from its gateway: only callers, services and routes. */
export function parseTable(text: string, options: ParseTableOptions): { readonly table?: TableConfig; readonly problems: readonly Problem[] } {
  const { result, problems } = guarded<TableConfig>(text, options.env, (source, failed) => {
    const checked = check(tableDocument, source, failed)
    const findings = [...checked.findings.map(explainGatewayKey), ...checkEmpty(source, true)]
    if (checked.body === undefined) return { findings }
    const names: Names = { ...namesIn(source), registries: options.registries && new Set(options.registries), listeners: options.listeners && new Set(options.listeners), refOptions: () => undefined }
    const { table, findings: inTable } = resolveTable(checked.body, numbered(checked), names, options.file)
    findings.push(...inTable)
    if (findings.length === 0) findings.push(...compileFindings(table, source))
    return { findings, result: table }
  })
  return result === undefined ? { problems } : { table: result, problems }
}

function explainGatewayKey(finding: Finding): Finding {
  const [key, deeper] = finding.path
  if (finding.onKey !== true || deeper !== undefined || !(String(key) in configDocument.shape)) return finding
  return { ...finding, message: `'${String(key)}' is not part of a table`, hint: 'it belongs into the configuration of the gateway; a table holds callers, services and routes' }
}

interface Outcome<T> {
  readonly findings: readonly Finding[]
  readonly result?: T
}

function guarded<T>(text: string, env: Environment | undefined, parse: (source: Source, failed: readonly Finding[]) => Outcome<T>): { readonly result?: T; readonly problems: readonly Problem[] } {
  const { source, problems } = readDocument(text)
  if (source === undefined) return { problems }
  const failed: Finding[] = []
  const value = expandTexts(source.value, env, (path, { message, hint }) => failed.push({ path, message, hint }))
  const { findings, result } = parse({ ...source, value }, failed)
  const located = locate([...failed, ...findings], source)
  return result === undefined || located.some(({ severity }) => severity === 'error') ? { problems: located } : { result, problems: located }
}

interface Checked<Body> {
  readonly body?: Body
  readonly findings: readonly Finding[]
  /** Places in the list as written of the routes in `body`. */
  readonly indices: readonly number[]
}

/**
 * Checks against the schema. When something is wrong, what is wrong is left out and the rest looked at further, so that names are
 * checked in the same go: first the wrong keys of an entry go, then entries that are still wrong.
 */
function check<Schema extends z.ZodType>(schema: Schema, source: Source, failed: readonly Finding[]): Checked<z.output<Schema>> {
  const first = schema.safeParse(source.value, { error: knownKeys })
  const all = indicesOf(valueAt(source.value, ['routes']))
  if (first.success) return { body: first.data, findings: [], indices: all }
  const findings = findingsOf(first.error.issues, source).filter((finding) => !failed.some((before) => startsWith(finding.path, before.path)))
  const trimmed = prune(source.value, first.error.issues, 3)
  const second = schema.safeParse(trimmed)
  if (second.success) return { body: second.data, findings, indices: all }
  const third = schema.safeParse(prune(trimmed, second.error.issues, 2))
  const gone = new Set(second.error.issues.flatMap(({ path }) => (path[0] === 'routes' ? [path[1]] : [])))
  return { ...(third.success ? { body: third.data } : {}), findings, indices: all.filter((i) => !gone.has(i)) }
}

function indicesOf(list: unknown): number[] {
  return Array.isArray(list) ? list.map((_, i) => i) : []
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, i) => path[i] === step)
}

function numbered({ body, indices }: Checked<TableBody>): Numbered {
  return (body?.routes ?? []).map((route, i): [number, RouteBody] => [indices[i] ?? i, route])
}

function keysAt(source: Source, key: string): Set<string> {
  const value = valueAt(source.value, [key])
  return new Set(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [])
}

function namesIn(source: Source): Pick<Names, 'services' | 'callers'> {
  return { services: keysAt(source, 'services'), callers: keysAt(source, 'callers') }
}

function namesOf(source: Source, { adapters }: ParseOptions): Names {
  const listeners = valueAt(source.value, ['listen']) === undefined ? keysAt(source, 'listeners') : new Set(['http'])
  const kind = (registry: string): RegistryKind | undefined => kindOf(registry, valueAt(source.value, ['registries', registry]), adapters)
  return { ...namesIn(source), registries: keysAt(source, 'registries'), listeners, refOptions: (registry) => kind(registry)?.ref && Object.keys(kind(registry)?.ref?.options ?? {}) }
}

/** Checks across the top keys that hold whether or not the rest is right. */
function checkFrame(source: Source): Finding[] {
  const has = (key: string): boolean => valueAt(source.value, [key]) !== undefined
  const findings = checkEmpty(source, !has('store'))
  if (has('listen') && has('listeners')) findings.push({ path: ['listen'], message: 'listen and listeners are both given', hint: 'move the port into listeners', onKey: true })
  if (!has('listen') && keysAt(source, 'listeners').size === 0) findings.push({ path: [], message: 'no listener: nothing could reach this gateway', hint: 'write listen: 8080' })
  return findings
}

/** A file cut short by an editor is often valid and has no routes; it must not blank the table. */
function checkEmpty(source: Source, needed: boolean): Finding[] {
  const routes = valueAt(source.value, ['routes'])
  const allowed = valueAt(source.value, ['allowEmpty']) === true
  if (allowed || (Array.isArray(routes) ? routes.length > 0 : routes !== undefined || !needed)) return []
  return [{ path: routes === undefined ? [] : ['routes'], message: 'no routes', hint: 'add allowEmpty: true if it is meant' }]
}

/** What only compiling can see: captures in templates, callers, limits. Its paths speak of the normal form; they are brought back to what was written. */
function compileFindings(table: TableConfig, source: Source): Finding[] {
  try {
    compileTable(table)
    return []
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    return error.problems.map(({ path, message }) => ({ path: writtenPath(path, source), message }))
  }
}

function writtenPath(path: string, source: Source): Path {
  const normal = path.replace('.action.location', '.redirect').replace('.action.', '.')
  const steps = normal.split(/[.[\]]+/).filter((step) => step !== '').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  while (steps.length > 1 && valueAt(source.value, steps) === undefined) steps.pop()
  return steps
}
