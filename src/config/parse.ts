// Text in, configuration or problems out. Everything that is wrong is reported at once; nothing is thrown for any input.
import type { Config } from '../model/config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { ParsedTable, Problem } from '../model/store.ts'
import { assembleFrame, type RegistryKind } from './assemble.ts'
import { checkDocument, numbered } from './check-document.ts'
import { checkFrame, NO_ROUTES } from './check-frame.ts'
import { compileFindings } from './compile-findings.ts'
import { readDocument, type Source } from './document.ts'
import { expandTexts, type Environment } from './expand.ts'
import { configNames, gatewayPart, tableNames, tablePart, type GatewayNames } from './names.ts'
import { nearest } from './nearest.ts'
import { inOrder, locate, valueAt, type Finding } from './problems.ts'
import { resolveTable } from './resolve.ts'
import { configDocument, tableDocument } from './schema/config.ts'

export interface ParseOptions {
  /** Name of the text, which relative paths in it stand beside; empty for a text that is no file. */
  readonly file: string
  /** What `${NAME}` stands for. Without it references are refused. */
  readonly env?: Environment
  /** Kinds of registries; discovery/list.ts has them. */
  readonly adapters: readonly RegistryKind[]
}

export interface ParseTableOptions extends Omit<ParseOptions, 'adapters'>, Partial<Pick<ParseOptions, 'adapters'>>, GatewayNames {
  /** Take the table out of a whole configuration: of what belongs to the gateway only the names and types of registries and the names of listeners count. */
  readonly ofConfig?: boolean
}

/** What became of a text: without errors there is a result; warnings may stand beside it. */
export interface ParsedConfig extends Read {
  readonly config?: Config
}

/** Parses a whole configuration. Never throws. */
export function parseConfig(text: string, options: ParseOptions): ParsedConfig {
  const { result, ...rest } = guarded<Config>(text, options.env, undefined, (source, failed) => {
    const checked = checkDocument(configDocument, source, failed)
    const findings = [...checked.findings, ...checkFrame(source)]
    if (checked.body === undefined) return { findings }
    const { frame, findings: inFrame } = assembleFrame(checked.body, options.adapters, source, options.file)
    const { table, findings: inTable } = resolveTable(checked.body, numbered(checked), configNames(source, options.adapters), options.file)
    findings.push(...inFrame, ...inTable)
    if (findings.length === 0) findings.push(...compileFindings(table, source))
    return { findings, result: { ...frame, table } }
  })
  return result === undefined ? rest : { config: result, ...rest }
}

/**
 * Parses a table apart from its gateway: only callers, services and routes. Never throws. A table whose list of routes is
 * written and empty is given back; the caller decides whether it may replace another (`allowEmpty`).
 */
export function parseTable(text: string, options: ParseTableOptions): ParsedTable {
  const ofConfig = options.ofConfig === true
  const { result, ...rest } = guarded<TableConfig>(text, options.env, ofConfig ? tablePart : undefined, (source, failed, whole) => {
    const checked = checkDocument(tableDocument, source, failed)
    const findings = checked.findings.map(explainGatewayKey)
    if (valueAt(source.value, ['routes']) === undefined) findings.push(NO_ROUTES)
    if (checked.body === undefined) return { findings }
    const { table, findings: inTable } = resolveTable(checked.body, numbered(checked), tableNames(whole, options, ofConfig, options.adapters ?? []), options.file)
    findings.push(...inTable)
    if (findings.length === 0) findings.push(...compileFindings(table, source))
    return { findings, result: table }
  })
  return result === undefined ? rest : { table: result, ...rest }
}

function explainGatewayKey(finding: Finding): Finding {
  const [key, deeper] = finding.path
  if (finding.onKey !== true || deeper !== undefined) return finding
  if (!Object.hasOwn(configDocument.shape, String(key))) return explainMisspelt(finding, String(key))
  return { ...finding, message: `'${String(key)}' is not part of a table`, hint: `it ${BELONGS}` }
}

const BELONGS = 'belongs into the configuration of the gateway; a table holds callers, services and routes'

/** A file whose only key of a gateway is misspelt looks like a table. */
function explainMisspelt(finding: Finding, key: string): Finding {
  const meant = nearest(key, Object.keys(configDocument.shape))
  return meant === undefined || Object.hasOwn(tableDocument.shape, meant) ? finding : { ...finding, hint: `did you mean ${meant}? That ${BELONGS}` }
}

interface Outcome<T> {
  readonly findings: readonly Finding[]
  readonly result?: T
}

interface Read {
  readonly problems: readonly Problem[]
  /** The document says itself that having no routes is meant. */
  readonly allowEmpty: boolean
  /** What belongs to the gateway, as written, by its key; absent where nothing does. */
  readonly gateway?: Readonly<Record<string, unknown>>
}

interface Guarded<T> extends Read {
  readonly result?: T
}

/** Reads the text, selects from it, expands it and hands it to `parse` with what could not be expanded and the whole document. */
function guarded<T>(text: string, env: Environment | undefined, select: ((value: unknown) => unknown) | undefined, parse: (source: Source, failed: readonly Finding[], whole: Source) => Outcome<T>): Guarded<T> {
  const { source, problems: unread } = readDocument(text)
  if (source === undefined) return { problems: unread, allowEmpty: false }
  const failed: Finding[] = []
  // Before references are expanded, which is done in place.
  const gateway = structuredClone(gatewayPart(source))
  const selected = select === undefined ? source.value : select(source.value)
  const value = expandTexts(selected, env, (path, { message, hint }) => failed.push({ path, message, hint }))
  const { findings, result } = parse({ ...source, value }, failed, source)
  // What is said of a place while the text is read is not said again in other words.
  const found = locate([...failed, ...findings], source).filter(({ line, column }) => !unread.some((known) => known.line === line && known.column === column))
  const located = inOrder([...unread, ...found])
  const allowEmpty = valueAt(value, ['allowEmpty']) === true
  const usable = result !== undefined && !located.some(({ severity }) => severity === 'error')
  return { problems: located, allowEmpty, ...(usable ? { result } : {}), ...(gateway === undefined ? {} : { gateway }) }
}
