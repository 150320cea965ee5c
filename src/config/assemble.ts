// The part of a configuration that is not the table: listeners, registries, admin, and the rest, in normal form.
import type { z } from 'zod'
import type { Config, RegistryConfig } from '../model/config.ts'
import type { ListenerConfig, ListenerTlsConfig } from '../model/listener-config.ts'
import { beside } from './beside.ts'
import type { Source } from './document.ts'
import { suggest } from './nearest.ts'
import { findingsOf, knownKeys, type Finding } from './problems.ts'
import type { ConfigBody } from './schema/config.ts'
import type { ListenerBody } from './schema/listeners.ts'

/** A kind of registry, as far as the parser needs to know it; entries of discovery/list.ts are such. */
export interface RegistryKind {
  readonly type: string
  readonly schema: z.ZodType
  /** Options that name files; a dot leads into an object. */
  readonly paths?: readonly string[]
  readonly ref?: { readonly options: Readonly<Record<string, string>> }
  /** There where routes can be taken from its tags. */
  readonly catalog?: unknown
}

/** Everything but the table. */
export type ConfigFrame = Omit<Config, 'table'>

/** Assembles the frame; what is wrong is left out and found fault with. */
export function assembleFrame(body: ConfigBody, kinds: readonly RegistryKind[], source: Source, file: string): { frame: ConfigFrame; findings: readonly Finding[] } {
  const findings: Finding[] = []
  const { store, zone, explainSecret, stateMaxAge } = body
  const frame: ConfigFrame = {
    listeners: listenersOf(body, file),
    registries: registriesOf(body, kinds, source, file, findings),
    routesFrom: routesFromOf(body, kinds, findings),
    admin: body.admin,
    accessLog: body.accessLog.to === 'stdout' ? body.accessLog : { ...body.accessLog, to: beside(file, body.accessLog.to) },
    workers: body.workers,
    stateDir: beside(file, body.stateDir),
    drainTimeout: body.drainTimeout,
    ...(stateMaxAge === 0 ? {} : { stateMaxAge }),
    ...(store === undefined ? {} : { store }),
    ...(zone === undefined ? {} : { zone }),
    ...(explainSecret === undefined ? {} : { explainSecret }),
  }
  return { frame, findings }
}

/** Type of a registry: said, or its name when that is one. */
export function kindOf(name: string, options: unknown, kinds: readonly RegistryKind[]): RegistryKind | undefined {
  const type: unknown = typeof options === 'object' && options !== null && 'type' in options ? options.type : name
  return kinds.find((kind) => kind.type === type)
}

function listenersOf(body: ConfigBody, file: string): ListenerConfig[] {
  const { listen, listeners = {} } = body
  const all: [string, ListenerBody][] = listen === undefined ? Object.entries(listeners) : [['http', listen]]
  return all.map(([name, { tls, ...rest }]) => ({ name, ...rest, ...(tls === undefined ? {} : { tls: withFiles(tls, file) }) }))
}

function withFiles(tls: ListenerTlsConfig, file: string): ListenerTlsConfig {
  const certificates = tls.certificates.map(({ cert, key }) => ({ cert: beside(file, cert), key: beside(file, key) }))
  return { ...tls, certificates, ...(tls.clientCa === undefined ? {} : { clientCa: beside(file, tls.clientCa) }) }
}

function registriesOf(body: ConfigBody, kinds: readonly RegistryKind[], source: Source, file: string, findings: Finding[]): RegistryConfig[] {
  return Object.entries(body.registries ?? {}).flatMap(([name, given]) => {
    const path = ['registries', name]
    const { type: said, ...options } = given
    const kind = kindOf(name, given, kinds)
    if (kind === undefined) {
      const types = kinds.map(({ type }) => type)
      const known = `known types: ${types.join(', ')}`
      if (typeof said === 'string') findings.push({ path: [...path, 'type'], message: `there is no registry type '${said}'`, hint: nearestOr(said, types, known) })
      else findings.push({ path, message: `'${name}' is no registry type, and the registry does not say another`, hint: `${nearestOr(name, types, known)}; or give it a type: ${types[0] ?? '…'}`, onKey: true })
      return []
    }
    const parsed = kind.schema.safeParse(options, { error: knownKeys })
    if (!parsed.success) findings.push(...findingsOf(parsed.error.issues, source, path))
    return [{ name, type: kind.type, options: (kind.paths ?? []).reduce((placed, key) => withPath(placed, key.split('.'), file), options) }]
  })
}

type Options = Readonly<Record<string, unknown>>

/** The options with one path in them put beside the file. */
function withPath(options: Options, [key = '', ...below]: readonly string[], file: string): Options {
  const value = Object.hasOwn(options, key) ? options[key] : undefined
  if (below.length === 0) return typeof value === 'string' ? { ...options, [key]: beside(file, value) } : options
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...options, [key]: withPath(value as Options, below, file) } : options
}

function routesFromOf({ routesFrom = [], registries = {} }: ConfigBody, kinds: readonly RegistryKind[], findings: Finding[]): readonly string[] {
  for (const [i, name] of routesFrom.entries()) {
    const path = ['routesFrom', ...(routesFrom.length === 1 ? [] : [i])]
    const kind = Object.hasOwn(registries, name) ? kindOf(name, registries[name], kinds) : undefined
    const able = kinds.filter(({ catalog }) => catalog !== undefined).map(({ type }) => type)
    if (!Object.hasOwn(registries, name)) findings.push({ path, message: `there is no registry '${name}'`, hint: suggest(name, Object.keys(registries)) })
    else if (kind !== undefined && kind.catalog === undefined) findings.push({ path, message: `routes cannot be taken from the registry '${name}', which is of the type ${kind.type}`, hint: `types with tags: ${able.join(', ')}` })
  }
  return [...new Set(routesFrom)]
}

function nearestOr(word: string, candidates: readonly string[], otherwise: string): string {
  const hint = suggest(word, candidates)
  return hint.startsWith('did you mean') ? hint : otherwise
}
