// What `to` and `from` name: a service, one of its subsets, a service inside a registry, or an URL.
import { parseRef, refKey, type ServiceRef } from '../model/discoverer.ts'
import { Complaint } from './complaint.ts'
import { suggest } from './nearest.ts'

/** A destination, taken apart; `url` is an origin in normal form. */
export type DestinationRef =
  | { readonly kind: 'service'; readonly service: string; readonly subset?: string }
  | { readonly kind: 'registry'; readonly ref: ServiceRef }
  | { readonly kind: 'url'; readonly url: string; readonly host: string; readonly port: number; readonly tls: boolean }

/** The names that a destination can begin with. */
export interface KnownNames {
  readonly services: ReadonlySet<string>
  /** Undefined where registries are not known (a table apart from its gateway): any name will do. */
  readonly registries: ReadonlySet<string> | undefined
  /** Those of the gateway that is to serve the document, where it may name others; undefined where any will do. */
  readonly running?: { readonly registries: ReadonlySet<string> | undefined }
}

/** Reads one member of `to`. A first part that is a service is that service; else it must be a registry. */
export function readDestination(text: string, known: KnownNames): DestinationRef {
  if (/^https?:\/\//i.test(text)) return readUrl(text)
  const slash = text.indexOf('/')
  const first = slash < 0 ? text : text.slice(0, slash)
  // A name that is both is found fault with where it is declared.
  if (known.services.has(first) && known.registries?.has(first) !== true) return readServiceName(text, first)
  if (slash < 0) throw new Complaint(`there is no service '${text}'`, suggest(text, [...known.services, ...registryHints(known)]))
  return { kind: 'registry', ref: readRef(text, known) }
}

function readServiceName(text: string, service: string): DestinationRef {
  if (text === service) return { kind: 'service', service }
  const subset = text.slice(service.length + 1)
  if (subset === '' || /[/?]/.test(subset)) throw new Complaint(`'${text}' is not service/subset`, `write ${service} or ${service}/SUBSET`)
  return { kind: 'service', service, subset }
}

function registryHints(known: KnownNames): string[] {
  return [...(known.registries ?? [])].map((name) => `${name}/…`)
}

/** Reads `registry/name?option=value`. */
export function readRef(text: string, known: KnownNames): ServiceRef {
  const ref = parseRef(text)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (ref === undefined || /[\s\u0000-\u001f\u007f]/.test(text)) throw new Complaint(`'${text}' is not registry/name`, 'write consul/words or consul/words?tag=v2')
  const { registry } = ref
  if (known.registries !== undefined && !known.registries.has(registry)) throw new Complaint(`there is no registry '${registry}'`, suggest(registry, [...known.registries]))
  if (known.running?.registries?.has(registry) === false) throw new Complaint(`the registry '${registry}' is new in this file: restart the gateway to use it`)
  return ref
}

/** The name that a destination has in the table, however it is written: options of a reference in another order, a URL with a slash at its end. */
export function canonicalName(text: string): string {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (url !== null) return url.pathname === '/' && url.search === '' && url.hash === '' ? url.origin : text
  const ref = parseRef(text)
  return ref === undefined ? text : refKey(ref)
}

function readUrl(text: string): DestinationRef {
  const url = URL.parse(text)
  if (url === null) throw new Complaint(`'${text}' is not an URL`, 'write http://127.0.0.1:7001')
  if (url.username !== '' || url.password !== '') throw new Complaint(`'${text}' holds a user name`, 'set an Authorization header with requestHeaders')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw new Complaint(`'${text}' holds more than scheme, host and port`, `write ${url.origin} and change the path with rewrite`)
  const tls = url.protocol === 'https:'
  return { kind: 'url', url: url.origin, host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? (tls ? 443 : 80) : Number(url.port), tls }
}
