// A text of YAML or JSON as plain data, with the place of every value in it. Hostile texts are bounded: size, depth, aliases.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node } from 'yaml'
import { messageOf } from '../model/error.ts'
import type { Problem } from '../model/store.ts'
import { shortened } from '../model/visible.ts'
import { Complaint } from './complaint.ts'
import { hideBraces, showBraces } from './flow-safe.ts'
import { plainJson } from './plain-json.ts'

/** Keys and indices from the root. */
export type Path = readonly (string | number)[]

/** Where something is in the text, from 1; 0 when not known. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A text taken apart. `place` finds the nearest written ancestor of a path; with `key`, the key rather than its value. */
export interface Source {
  readonly value: unknown
  place(path: Path, key?: boolean): Place
  /** A scalar as it was written, for hints; undefined for anything else. */
  written(path: Path): string | undefined
}

/** Longest text that is read, in characters. */
const LONGEST = 64 * 1024 * 1024
const DEEPEST = 64
/** Aliases without an anchor that are reported. */
const MOST_ASTRAY = 20
/** Characters of a name that are shown. */
const LONG_NAME = 80
/** Values that aliases may add, so that a few lines cannot blow up into gigabytes. */
const ALIASED = 100_000

/** Takes a text apart. Never throws; without a source there is a problem, and beside one there may be, so that the rest is found too. */
export function readDocument(text: string): { readonly source?: Source; readonly problems: readonly Problem[] } {
  if (text.length > LONGEST) return { problems: [problemAt({ line: 0, column: 0 }, `the text has ${text.length} characters, more than ${LONGEST}`)] }
  try {
    return readPlainJson(text) ?? readYaml(text)
  } catch (error) {
    // The composer recurses: thousands of open brackets end in a RangeError.
    const message = error instanceof RangeError ? 'nested too deep' : `not readable: ${messageOf(error)}`
    return { problems: [problemAt({ line: 0, column: 0 }, message)] }
  }
}

/** Machine-written tables are JSON and can be large; the slow reader with places is only asked when something must be shown. */
function readPlainJson(text: string): { source: Source; problems: readonly Problem[] } | undefined {
  const value = plainJson(text, DEEPEST)
  if (value === undefined) return undefined
  let located: Source | undefined
  const places = (): Source | undefined => (located ??= readYaml(text).source)
  return { source: { value, place: (path, key) => places()?.place(path, key) ?? { line: 0, column: 0 }, written: (path) => places()?.written(path) }, problems: [] }
}

function readYaml(text: string): { source?: Source; problems: readonly Problem[] } {
  const lines = new LineCounter()
  const hidden = hideBraces(text)
  const show = hidden === text ? (read: string): string => read : showBraces
  const document = parseDocument(hidden, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true, logLevel: 'error' })
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const errors = telling([...document.errors, ...document.warnings])
  if (errors.length > 0) return { problems: errors.map((error) => problemAt(placeOf(error.pos[0]), show(sentence(error)), error.code === 'TAB_AS_INDENT' ? 'indent with spaces' : undefined)) }
  const unfolding = new Unfolding(show)
  try {
    const value = unfolding.plain(document.contents, 0)
    const problems = [...unfolding.astray].map(([offset, name]) => problemAt(placeOf(offset), `the alias *${shortened(name, LONG_NAME)} has no anchor &${shortened(name, LONG_NAME)} before it`, quotesFor(name)))
    return { source: { value, place: (path, key) => placeOf(offsetOf(document, path, key === true)), written: (path) => writtenAt(document, path, show) }, problems }
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    return { problems: [problemAt(placeOf(unfolding.at), error.message)] }
  }
}

/** A name of hosts or paths was not meant as an alias: in YAML a text cannot begin with a star. */
function quotesFor(name: string): string | undefined {
  return /[./*]/.test(name) ? `put it in quotes: '*${shortened(name.replaceAll("'", "''"), LONG_NAME)}'` : undefined
}

/** After one error of syntax the reader is lost and reports every word that follows; keys given twice are reported each. */
function telling<E extends { readonly code: string }>(errors: readonly E[]): E[] {
  const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY')
  return errors.filter((error) => error === first || error.code === 'DUPLICATE_KEY')
}

function sentence({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands twice'
  return message.startsWith('Maximum call stack') ? 'nested too deep' : `the text is not YAML: ${message}`
}

function problemAt(place: Place, message: string, hint?: string): Problem {
  return { severity: 'error', path: '', line: place.line, column: place.column, message, ...(hint === undefined ? {} : { hint }) }
}

/** Turns nodes into plain data without prototypes, following aliases within the budget. */
class Unfolding {
  /** Start of what is read. */
  at = 0
  /** By their start, the names of aliases without an anchor. Each is read as the text that it probably was meant to be. */
  readonly astray = new Map<number, string>()
  readonly #show: (text: string) => string
  /** By name, the last one before the place that is read: that is what an alias means. Asking each alias for its node takes a look at the whole document. */
  readonly #anchors = new Map<string, unknown>()
  #aliased = 0

  constructor(show: (text: string) => string) {
    this.#show = show
  }

  plain(node: unknown, depth: number, inAlias = false): unknown {
    this.at = startOf(node) ?? this.at
    if (depth > DEEPEST) throw new Complaint(`nested deeper than ${DEEPEST}`)
    if (inAlias && ++this.#aliased > ALIASED) throw new Complaint(`aliases add more than ${ALIASED} values`)
    if (isAlias(node)) {
      const name = this.#show(node.source)
      if (this.#anchors.has(node.source)) return this.plain(this.#anchors.get(node.source), depth + 1, true)
      if (this.astray.size < MOST_ASTRAY) this.astray.set(this.at, name)
      return `*${name}`
    }
    if (isNode(node) && 'anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return typeof node.value === 'string' ? this.#show(node.value) : node.value
    if (isSeq(node)) return node.items.map((item) => this.plain(item, depth + 1, inAlias))
    if (isMap(node)) return this.#map(node.items, depth, inAlias)
    return null
  }

  #map(items: readonly { key: unknown; value: unknown }[], depth: number, inAlias: boolean): Record<string, unknown> {
    const record: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const { key, value } of items) {
      const name = this.#show(String(isScalar(key) ? key.value : key))
      this.at = startOf(key) ?? this.at
      if (name === '__proto__') throw new Complaint('the key __proto__ is refused')
      record[name] = this.plain(value, depth + 1, inAlias)
    }
    return record
  }
}

function offsetOf(document: Document.Parsed, path: Path, wantKey: boolean): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [i, step] of path.entries()) {
    const inner = isAlias(node) ? node.resolve(document) : node
    const pair = isMap(inner) ? inner.items.find(({ key }) => isScalar(key) && String(key.value) === String(step)) : undefined
    const child = isSeq(inner) ? inner.items[Number(step)] : (pair?.value ?? undefined)
    if (pair === undefined && child === undefined) return offset
    const last = i === path.length - 1
    offset = (last && wantKey ? startOf(pair?.key) : startOf(child)) ?? startOf(pair?.key) ?? offset
    node = child
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isNodeWithRange(node) ? node.range[0] : undefined
}

function isNodeWithRange(node: unknown): node is Node & { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
}

function writtenAt(document: Document.Parsed, path: Path, show: (text: string) => string): string | undefined {
  const node: unknown = document.getIn(path, true)
  return isScalar(node) && node.source !== undefined ? show(node.source) : undefined
}
