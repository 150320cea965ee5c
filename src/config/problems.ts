// From the schema's issues to problems for people: path, place in the text, what is wrong and what to write instead.
import type { z } from 'zod'
import type { Problem } from '../model/store.ts'
import type { Path, Place, Source } from './document.ts'
import { suggest } from './nearest.ts'

type Issue = z.core.$ZodIssue

/** A problem that has no place yet. `onKey` means the key itself is wrong rather than its value. */
export interface Finding {
  readonly path: Path
  readonly message: string
  readonly hint?: string | undefined
  readonly severity?: 'error' | 'warning'
  readonly onKey?: boolean
}

/** Puts findings in their places, in the order of the text. */
export function locate(findings: readonly Finding[], source: Pick<Source, 'place'>): Problem[] {
  const problems = findings.map(({ path, message, hint, severity, onKey }): Problem => {
    const { line, column }: Place = source.place(path, onKey)
    return { severity: severity ?? 'error', path: formatPath(path), line, column, message, ...(hint === undefined ? {} : { hint }) }
  })
  return inOrder(problems)
}

/** Problems in the order of the text. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/** `routes[3].match.host`, `services["my words"].from`. */
function formatPath(path: Path): string {
  const parts = path.map((step) => (typeof step === 'number' ? `[${step}]` : /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`))
  return parts.join('').replace(/^\./, '')
}

/**
 * Error map for parsing. An unknown key's message carries the known ones, which the finished issue no longer has; for the rest
 * the words are made here, and zod need not make its own for each member of a union that a value was not meant to be.
 */
export function knownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'custom' || issue.code === 'invalid_format') return undefined
  const shape: unknown = issue.code === 'unrecognized_keys' ? (issue.inst as { _zod?: { def?: { shape?: unknown } } } | undefined)?._zod?.def?.shape : undefined
  return typeof shape === 'object' && shape !== null ? Object.keys(shape).join(' ') : ''
}

/** All findings in the issues of one parse of `source.value`, or of what stands in it at `under`. */
export function findingsOf(issues: readonly Issue[], source: Source, under: Path = []): Finding[] {
  const value = valueAt(source.value, under)
  return issues.flatMap((issue) => simplify(issue, value)).flatMap((issue) => describe(issue, [...under, ...(issue.path as Path)], source))
}

/** Of a union only the member that the value was meant to be speaks; when there is none, one issue names what may stand there. */
function simplify(issue: Issue, root: unknown): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const value = valueAt(root, issue.path as Path)
  const members = issue.errors.map((errors) => errors.flatMap((error) => simplify(error, value)))
  const meant = members.filter((errors) => !errors.some((error) => error.path.length === 0 && isOtherKind(error, value)))
  const speaking = meant.sort((a, b) => a.length - b.length)[0]
  if (speaking !== undefined) return speaking.map((error) => ({ ...error, path: [...issue.path, ...error.path] }))
  const expected = members.flat().flatMap((error) => (error.code === 'invalid_type' ? error.expected.split(' or ') : []))
  return [{ code: 'invalid_type', expected: [...new Set(expected)].join(' or ') as 'string', path: issue.path, message: issue.message, input: undefined }]
}

/** Whether a member of a union is not for this kind of value at all. A list is not one of some words, but neither was it meant to be. */
function isOtherKind(error: Issue, value: unknown): boolean {
  return error.code === 'invalid_type' || (error.code === 'invalid_value' && typeof value === 'object')
}

function describe(issue: Issue, path: Path, source: Source): Finding[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key '${key}'`, hint: suggest(key, issue.message.split(' ')), onKey: true }))
    case 'invalid_type':
      return [wrongType(issue, path, source)]
    case 'invalid_value':
      return [{ path, ...wrongValue(issue.values, valueAt(source.value, path)) }]
    case 'invalid_key':
      return issue.issues.flatMap((inner) => describe({ ...inner, path: [] }, path, source)).map((finding) => ({ ...finding, onKey: true }))
    case 'too_small':
    case 'too_big':
      return [{ path, message: outOfRange(issue) }]
    case 'custom':
      return [{ path, message: issue.message, hint: hintOf(issue.params) }]
    default:
      return [{ path, message: issue.message }]
  }
}

function hintOf(params: Record<string, unknown> | undefined): string | undefined {
  return typeof params?.hint === 'string' ? params.hint : undefined
}

const KINDS: Readonly<Record<string, string>> = { string: 'text', int: 'a whole number', number: 'a whole number', boolean: 'true or false', object: 'a map', record: 'a map', array: 'a list' }

function wrongType({ expected, message }: { readonly expected: string; readonly message: string }, path: Path, source: Source): Finding {
  const value = valueAt(source.value, path)
  const wanted = wantedKinds(expected)
  if (value === undefined) return { path, message: `${String(path.at(-1))} is missing`, hint: `it is ${wanted}` }
  if (value === null) return { path, message: `no value; it is ${wanted}` }
  // A schema that says something of its own says it as the message.
  const hint = message !== '' ? message : (expected.includes('string') && !(typeof value === 'number' && isNumeric(expected)) ? quotesFor(value, source.written(path)) : undefined)
  return { path, message: `expected ${wanted}, got ${nameOf(value)}`, hint }
}

/** For what YAML read as something other than the text that was meant. */
function quotesFor(value: unknown, written: string | undefined): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return `put it in quotes: '${written ?? String(value)}'`
  const capture = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((inner) => inner === null) ? Object.keys(value)[0] : undefined
  return capture === undefined ? undefined : `put captures in quotes: '{${capture}}'`
}

function isNumeric(expected: string): boolean {
  return /\b(?:number|int)\b/.test(expected)
}

/** Whole numbers may also be written as text (`${PORT}`), which is not worth a word here. */
function wantedKinds(expected: string): string {
  const kinds = expected.split(' or ').filter((kind) => kind !== 'null')
  const number = isNumeric(expected)
  return kinds.filter((kind) => !(number && kind === 'string')).map((kind) => KINDS[kind] ?? kind).join(' or ')
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return typeof value === 'string' ? `the text '${shorten(value)}'` : `the ${typeof value} ${String(value)}`
}

function wrongValue(values: readonly unknown[], value: unknown): { message: string; hint: string } {
  const words = values.map(String)
  const hint = values.some((one) => typeof one === 'number') ? `known: ${words.join(', ')}` : suggest(String(value), words)
  return { message: `'${shorten(String(value))}' is not one of the values here`, hint }
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function outOfRange(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
  return issue.origin === 'array' ? (issue.code === 'too_small' ? 'the list is empty' : `the list may have ${bound}`) : `must be ${bound}`
}

/** What stands at a path, undefined when nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string | number, unknown>)[step]
  }
  return at
}
