// The names that a document defines and that its texts may refer to.
import { kindOf, type RegistryKind } from './assemble.ts'
import { readDocument, type Source } from './document.ts'
import { valueAt } from './problems.ts'
import type { KnownListener } from '../model/listener-config.ts'
import type { Names } from './resolve.ts'
import { configDocument, tableDocument } from './schema/config.ts'

/** Names in a whole configuration. */
export function configNames(source: Source, kinds: readonly RegistryKind[]): Names {
  const optionsOf = (registry: string): readonly string[] | undefined => {
    const options = kindOf(registry, valueAt(source.value, ['registries', registry]), kinds)?.ref?.options
    return options && Object.keys(options)
  }
  return { ...namesIn(source), registries: keysAt(source, 'registries'), listeners: listenerNames(source), refOptions: optionsOf }
}

/** A document without what belongs to the gateway. */
export function tablePart(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const part = Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(tableDocument.shape, key) || !(Object.hasOwn(configDocument.shape, key))))
  // Where tags make routes, a file need not have any.
  return 'routesFrom' in value ? { routes: [], allowEmpty: true, ...part } : part
}

/** What a table may refer to outside itself; undefined where it is not known. */
export interface GatewayNames {
  readonly registries?: readonly string[]
  readonly listeners?: readonly string[]
}

/** Names in a table: those of the gateway as given, else as in the configuration that the table is taken from, else not known. */
export function tableNames(source: Source, { registries, listeners }: GatewayNames, ofConfig: boolean): Names {
  const found = ofConfig && isConfig(source) ? { registries: keysAt(source, 'registries'), listeners: listenerNames(source) } : { registries: undefined, listeners: undefined }
  return {
    ...namesIn(source),
    registries: registries === undefined ? found.registries : new Set(registries),
    listeners: listeners === undefined ? found.listeners : new Set(listeners),
    refOptions: () => undefined,
  }
}

/** Whether a document configures a gateway rather than being a table alone. */
function isConfig(source: Source): boolean {
  return typeof source.value === 'object' && source.value !== null && Object.keys(source.value).some((key) => Object.hasOwn(configDocument.shape, key) && !(Object.hasOwn(tableDocument.shape, key)))
}

/** Whether a text is a table alone: readable, and without any key of a gateway. */
export function isTableText(text: string): boolean {
  const { source } = readDocument(text)
  return source !== undefined && !isConfig(source) && valueAt(source.value, ['routes']) !== undefined
}

/** The listeners in a text as far as it says what they are; `http` for the short form and for a table alone. */
export function listenersIn(text: string): readonly KnownListener[] {
  const { source } = readDocument(text)
  if (source === undefined || valueAt(source.value, ['listen']) !== undefined) return [SHORT]
  const found = [...keysAt(source, 'listeners')].map((name): KnownListener => {
    const port = valueAt(source.value, ['listeners', name, 'port'])
    return { name, tls: valueAt(source.value, ['listeners', name, 'tls']) !== undefined, ...(typeof port === 'number' ? { port } : {}) }
  })
  return found.length === 0 ? [SHORT] : found
}

const SHORT: KnownListener = { name: 'http', tls: false }

/** Keys of the map at a top key. */
export function keysAt(source: Source, key: string): Set<string> {
  const value = valueAt(source.value, [key])
  return new Set(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [])
}

function namesIn(source: Source): Pick<Names, 'services' | 'callers'> {
  return { services: keysAt(source, 'services'), callers: keysAt(source, 'callers') }
}

function listenerNames(source: Source): Set<string> {
  return valueAt(source.value, ['listen']) === undefined ? keysAt(source, 'listeners') : new Set(['http'])
}
