// The names that a document defines and that its texts may refer to.
import type { Config } from '../model/config.ts'
import { kindOf, type RegistryKind } from './assemble.ts'
import { readDocument, type Source } from './document.ts'
import { expandTexts, type Environment } from './expand.ts'
import { valueAt } from './problems.ts'
import { type KnownListener, knownListener } from '../model/listener-config.ts'
import type { Names } from './resolve.ts'
import { configDocument, tableDocument } from './schema/config.ts'
import { listen, listeners, type ListenerBody } from './schema/listeners.ts'

/** Names in a whole configuration. */
export function configNames(source: Source, kinds: readonly RegistryKind[]): Names {
  const refOptions = (registry: string): readonly string[] | undefined => optionsOf(kindOf(registry, valueAt(source.value, ['registries', registry]), kinds))
  return { ...namesIn(source), registries: keysAt(source, 'registries'), listeners: listenerNames(source), refOptions }
}

/** A document without what belongs to the gateway. */
export function tablePart(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const part = Object.fromEntries(Object.entries(value).filter(([key]) => !isGatewayKey(key)))
  // Where tags make routes, a file need not have any.
  return 'routesFrom' in value ? { routes: [], allowEmpty: true, ...part } : part
}

/** What belongs to the gateway in a whole configuration, as written, by its key; undefined where nothing does. */
export function gatewayPart(source: Source): Readonly<Record<string, unknown>> | undefined {
  if (!isConfig(source)) return undefined
  return Object.fromEntries(Object.entries(source.value as object).filter(([key]) => isGatewayKey(key)))
}

/** What a table may refer to outside itself, in the gateway that is to serve it; undefined where it is not known. */
export interface GatewayNames {
  readonly registries?: readonly string[]
  readonly listeners?: readonly string[]
  /** Options that a reference into a registry may carry; undefined when not known. */
  readonly refOptions?: (registry: string) => readonly string[] | undefined
}

/** What tables may refer to in a gateway with this configuration. */
export function namesOfGateway({ registries, listeners }: Pick<Config, 'registries' | 'listeners'>, kinds: readonly RegistryKind[]): GatewayNames {
  const typeOf = new Map(registries.map(({ name, type }) => [name, type]))
  return {
    registries: registries.map(({ name }) => name),
    listeners: listeners.map(({ name }) => name),
    refOptions: (registry) => optionsOf(kinds.find(({ type }) => type === typeOf.get(registry))),
  }
}

/**
 * Names in a table: those of the configuration that it is taken from (of its registries these kinds are known), else those
 * of the gateway. Where both are known a name must be in both: what is written beside a table is there after a restart only.
 */
export function tableNames(source: Source, gateway: GatewayNames, ofConfig: boolean, kinds: readonly RegistryKind[]): Names {
  const registries = gateway.registries && new Set(gateway.registries)
  const listeners = gateway.listeners && new Set(gateway.listeners)
  const refOptions = gateway.refOptions ?? (() => undefined)
  if (!ofConfig || !isConfig(source)) return { ...namesIn(source), registries, listeners, refOptions }
  const written = configNames(source, kinds)
  return { ...written, running: { registries, listeners }, refOptions: gateway.refOptions ?? written.refOptions }
}

/** Whether a document configures a gateway rather than being a table alone. */
function isConfig(source: Source): boolean {
  return typeof source.value === 'object' && source.value !== null && Object.keys(source.value).some(isGatewayKey)
}

function isGatewayKey(key: string): boolean {
  return Object.hasOwn(configDocument.shape, key) && !Object.hasOwn(tableDocument.shape, key)
}

function optionsOf(kind: RegistryKind | undefined): readonly string[] | undefined {
  return kind?.ref && Object.keys(kind.ref.options)
}

/** Whether a text is a table alone: readable, and without any key of a gateway. */
export function isTableText(text: string): boolean {
  const { source } = readDocument(text)
  return source !== undefined && !isConfig(source) && valueAt(source.value, ['routes']) !== undefined
}

/** The listeners in a text as the gateway reads them, as far as it says what they are; `http` for the short form and for a table alone. */
export function listenersIn(text: string, env: Environment | undefined): readonly KnownListener[] {
  const { source } = readDocument(text)
  const written = { listen: valueAt(source?.value, ['listen']), listeners: valueAt(source?.value, ['listeners']) }
  // What cannot be expanded is no port then, and said where the whole is parsed.
  const value = expandTexts(written, env, () => undefined)
  const short = valueAt(value, ['listen'])
  if (short !== undefined) return [{ ...SHORT, ...knownOf('http', listen.safeParse(short).data) }]
  const found = [...keysAt({ value }, 'listeners')].map((name): KnownListener => {
    const given = valueAt(value, ['listeners', name])
    const body = listeners.safeParse({ [name]: given }).data?.[name]
    return { name, tls: valueAt(given, ['tls']) !== undefined, ...knownOf(name, body) }
  })
  return found.length === 0 ? [SHORT] : found
}

function knownOf(name: string, body: ListenerBody | undefined): Partial<KnownListener> {
  return body === undefined ? {} : knownListener({ name, ...body })
}

const SHORT: KnownListener = { name: 'http', tls: false }

/** Keys of the map at a top key. */
export function keysAt(source: Pick<Source, 'value'>, key: string): Set<string> {
  const value = valueAt(source.value, [key])
  return new Set(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [])
}

function namesIn(source: Source): Pick<Names, 'services' | 'callers'> {
  return { services: keysAt(source, 'services'), callers: keysAt(source, 'callers') }
}

function listenerNames(source: Source): Set<string> {
  return valueAt(source.value, ['listen']) === undefined ? keysAt(source, 'listeners') : new Set(['http'])
}
