// From a checked document to the table: names become services, registries named directly become services of their own.
import type { DestinationConfig, RouteConfig } from '../model/route-config.ts'
import type { ServiceConfig, StaticEndpointConfig } from '../model/service-config.ts'
import type { CallerConfig, TableConfig } from '../model/table-config.ts'
import { refKey } from '../model/discoverer.ts'
import { Complaint } from './complaint.ts'
import { readDestination, readRef, type DestinationRef, type KnownNames } from './destination.ts'
import type { Path } from './document.ts'
import { beside } from './beside.ts'
import { suggest } from './nearest.ts'
import type { Finding } from './problems.ts'
import type { TableBody } from './schema/config.ts'
import type { RouteBody } from './schema/routes.ts'
import type { ServiceBody } from './schema/services.ts'

/** What the names in a document may refer to. Names whose own section is wrong are known too, so that one mistake is reported once. */
export interface Names extends KnownNames {
  readonly callers: ReadonlySet<string>
  /** Undefined where listeners are not known. */
  readonly listeners: ReadonlySet<string> | undefined
  readonly running?: { readonly registries: ReadonlySet<string> | undefined; readonly listeners: ReadonlySet<string> | undefined }
  /** Options that a reference into this registry may carry; undefined when not known. */
  refOptions(registry: string): readonly string[] | undefined
}

/** Places of the routes in the list as written; some may have been left out because they are wrong. */
export type Numbered = readonly (readonly [index: number, route: RouteBody])[]

/** Resolves a table; what cannot be resolved is left out and found fault with. `file` is what relative paths stand beside. */
export function resolveTable(body: Pick<TableBody, 'callers' | 'services'>, routes: Numbered, names: Names, file: string): { table: TableConfig; findings: readonly Finding[] } {
  const resolver = new Resolver(names, file)
  resolver.addServices(body.services ?? {})
  const resolved = routes.map(([index, route]) => resolver.route(route, index))
  const callers = Object.entries(body.callers ?? {}).map(([name, caller]): CallerConfig => ({ name, ...caller }))
  return { table: { callers, services: [...resolver.services.values()], routes: resolved }, findings: resolver.findings }
}

class Resolver {
  readonly services = new Map<string, ServiceConfig>()
  readonly findings: Finding[] = []
  readonly #names: Names
  readonly #file: string
  readonly #routeNames = new Set<string>()

  constructor(names: Names, file: string) {
    this.#names = names
    this.#file = file
  }

  addServices(bodies: Readonly<Record<string, ServiceBody>>): void {
    for (const [name, body] of Object.entries(bodies)) {
      if (this.#names.registries?.has(name) === true) this.findings.push({ path: ['services', name], message: `'${name}' is both a service and a registry`, hint: 'rename one: a destination could not tell them apart', onKey: true })
      const from = (body.from ?? []).map((ref, i) => this.#try(['services', name, 'from', ...(body.from?.length === 1 ? [] : [i])], () => this.#ref(ref)))
      this.services.set(name, { ...serviceDefaults(name), ...withFiles(body, this.#file), from: from.filter((key) => key !== undefined) })
    }
  }

  route(body: RouteBody, index: number): RouteConfig {
    const path = ['routes', index]
    const { name = `route-${index + 1}`, to, redirect, respond, ...rest } = body
    if (this.#routeNames.has(name)) this.findings.push({ path: [...path, 'name'], message: `two routes are named ${name}`, hint: 'give each its own name' })
    this.#routeNames.add(name)
    this.#checkNames(body, path)
    if (redirect !== undefined) return { ...rest, name, action: { kind: 'redirect', ...redirect } }
    if (respond !== undefined) return { ...rest, name, action: { kind: 'respond', ...respond } }
    const destinations = (to ?? []).map(({ service, weight }, i) => this.#destination(service, weight, to?.length === 1 ? [...path, 'to'] : [...path, 'to', i]))
    return { ...rest, name, action: { kind: 'forward', to: destinations.filter((one) => one !== undefined) } }
  }

  #checkNames(body: RouteBody, path: Path): void {
    const { callers } = this.#names
    for (const name of body.match.flatMap((match) => match.listener ?? [])) this.#listener(name, [...path, 'match', 'listener'])
    for (const match of body.match) for (const source of match.source ?? []) if (source.kind === 'caller') this.#known(source.name, callers, 'caller', [...path, 'match', 'source'])
    for (const [i, test] of body.tests.entries()) if (test.listener !== undefined) this.#listener(test.listener, [...path, 'tests', i, 'listener'])
  }

  #listener(name: string, path: Path): void {
    const { listeners, running } = this.#names
    this.#known(name, listeners, 'listener', path)
    if (listeners?.has(name) === true && running?.listeners?.has(name) === false) this.findings.push({ path, message: `the listener '${name}' is new in this file: restart the gateway to open it` })
  }

  #known(name: string, known: ReadonlySet<string> | undefined, what: string, path: Path): void {
    if (known !== undefined && !known.has(name)) this.findings.push({ path, message: `there is no ${what} '${name}'`, hint: suggest(name, [...known]) })
  }

  #destination(text: string, weight: number, path: Path): DestinationConfig | undefined {
    return this.#try(path, () => {
      const ref = readDestination(text, this.#names)
      if (ref.kind === 'service') return this.#declared(ref.service, ref.subset, weight)
      const service = ref.kind === 'url' ? serviceOfUrl(ref) : { ...serviceDefaults(this.#ref(text)), from: [this.#ref(text)] }
      if (!this.services.has(service.name)) this.services.set(service.name, service)
      return { service: service.name, weight }
    })
  }

  #declared(service: string, subset: string | undefined, weight: number): DestinationConfig {
    const known = this.services.get(service)
    if (subset === undefined) return { service, weight }
    const subsets = Object.keys(known?.subsets ?? {})
    if (known !== undefined && !subsets.includes(subset)) throw new Complaint(`the service ${service} has no subset '${subset}'`, suggest(subset, subsets))
    return { service, subset, weight }
  }

  /** The canonical text of a reference whose registry and options are known. */
  #ref(text: string): string {
    const ref = readRef(text, this.#names)
    const options = this.#names.refOptions(ref.registry)
    for (const option of Object.keys(ref.options)) {
      if (options !== undefined && !options.includes(option)) throw new Complaint(`'${text}': the registry ${ref.registry} knows no option '${option}'`, suggest(option, options))
    }
    return refKey(ref)
  }

  #try<T>(path: Path, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      this.findings.push({ path, message: error.message, hint: error.hint })
      return undefined
    }
  }
}

function serviceDefaults(name: string): ServiceConfig {
  return { name, from: [], endpoints: [], subsets: {}, balance: { kind: 'peak-ewma' }, connectTimeout: 1000, maxConnections: 1024 }
}

function serviceOfUrl({ url, host, port, tls }: Extract<DestinationRef, { kind: 'url' }>): ServiceConfig {
  const endpoint: StaticEndpointConfig = { host, port, weight: 1, tags: [], meta: {} }
  return { ...serviceDefaults(url), endpoints: [endpoint], ...(tls ? { tls: { verify: true } } : {}) }
}

function withFiles(body: ServiceBody, file: string): Omit<ServiceConfig, 'name' | 'from'> {
  const { tls, endpoints, from: _from, ...rest } = body
  if (tls === undefined) return { ...rest, endpoints: endpoints ?? [] }
  const { ca, cert, key } = tls
  const files = { ...(ca === undefined ? {} : { ca: beside(file, ca) }), ...(cert === undefined ? {} : { cert: beside(file, cert) }), ...(key === undefined ? {} : { key: beside(file, key) }) }
  return { ...rest, endpoints: endpoints ?? [], tls: { ...tls, ...files } }
}
