// From a layout of nodes to a discoverer: what serversets and Curator share. One session serves every service that is watched.
import type { Discoverer, Rejection, ServiceRef } from '../../src/model/discoverer.ts'
import { lifeWithin } from '../../src/model/life.ts'
import type { Platform } from '../../src/model/platform.ts'
import type { Capabilities } from '../adapter.ts'
import { MAX_INSTANCES } from '../admit.ts'
import { createDiscoverer } from '../discoverer.ts'
import { needed } from '../needs.ts'
import type { Ask, Instance, Reading } from '../reading.ts'
import { createSecret } from '../secret.ts'
import { printable, saidBy } from '../text.ts'
import { createZooKeeper, type ZooKeeper } from './client.ts'
import { ZooKeeperError } from './connection.ts'
import { Nodes, type Content, type Format } from './nodes.ts'
import { serversOf, type ZooKeeperOptions } from './options.ts'
import { DOUBT } from './session.ts'

/**
 * Longest time of one wait for an event, milliseconds. The list of children is read after it whether or not there was one: who has lost the
 * right to read a node hears no events of it any more, and no error either.
 */
const WAIT = 45_000
/** Between two questions that were denied, milliseconds. */
const DENIED_PAUSE = 10_000
/** Cap of the backoff, milliseconds. A question costs nothing while the session is down, which has a backoff of its own. */
const MAX_BACKOFF = 5000

/** How one kind of service discovery lays out its nodes. */
export interface Layout<T> extends Format<T> {
  /** Path of the node whose children are the instances; undefined when the name is none. */
  pathOf(ref: ServiceRef): string | undefined
  /** Instances of the values, by the name of their node. */
  instances(values: ReadonlyMap<string, T>, ref: ServiceRef): { readonly instances: readonly Instance[]; readonly rejected: readonly Rejection[] }
}

/** Joins a base and a name to a path; undefined when the name leads elsewhere. */
export function joinPath(base: string, name: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- ZooKeeper refuses these in paths
  const bad = name.split('/').some((part) => part === '' || part === '.' || part === '..' || /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(part))
  return bad ? undefined : `${base === '/' ? '' : base}/${name}`
}

/** Makes the discoverer of a registry with this layout. Throws when the runtime lacks what it needs. */
export function createZooKeeperDiscoverer<T>(registry: string, options: ZooKeeperOptions, layout: Layout<T>, platform: Platform, capabilities: Capabilities): Discoverer {
  const ensemble = new Ensemble(registry, options, layout, platform, capabilities)
  const read = (ask: Ask, signal: AbortSignal, watch: AbortSignal): Promise<Reading> => ensemble.read(ask, signal, watch)
  // Who lost the session with the ensemble, seen from here or not, has registered again by the time that a session lasts.
  return createDiscoverer({ registry, needs: ['tcp'], read, changes: { kind: 'block', wait: WAIT, shared: true }, maxBackoff: MAX_BACKOFF, hold: DOUBT }, platform, options)
}

class Ensemble<T> {
  readonly #layout: Layout<T>
  readonly #platform: Platform
  readonly #open: () => ZooKeeper
  readonly #watched = new Map<AbortSignal, Nodes<T>>()
  #client: ZooKeeper | undefined
  #version = 0

  constructor(registry: string, options: ZooKeeperOptions, layout: Layout<T>, platform: Platform, capabilities: Capabilities) {
    const connect = needed('tcp', registry, capabilities)
    const { auth, authFile, sessionTimeout, tls } = options
    const missing = (file: string): string => `the file ${file} is missing or does not hold user:password`
    const credentials = createSecret(registry, { name: 'auth', written: auth, file: authFile, most: 4096, fits: (text) => text.includes(':'), missing }, capabilities.files)
    this.#layout = layout
    this.#platform = platform
    this.#open = () => createZooKeeper({ servers: serversOf(options), timeout: sessionTimeout, tls, connect, platform, credentials })
  }

  async read(ask: Ask, signal: AbortSignal, watch: AbortSignal): Promise<Reading> {
    const path = this.#layout.pathOf(ask.ref)
    if (path === undefined) return { kind: 'failed', message: `${ask.ref.name} is no path of nodes` }
    if (watch.aborted) return { kind: 'failed', message: 'stopped' }
    const client = (this.#client ??= this.#open())
    const nodes = this.#nodesOf(client, path, watch)
    try {
      const depth = ask.purpose !== 'follow' ? 'all' : (await this.#awaitChange(client, nodes, ask.wait, signal)) ? 'news' : 'list'
      const content = await this.#content(client, nodes, depth, signal)
      const token = String(++this.#version)
      const unsure = client.doubtful()
      return content === 'no-node' ? { kind: 'not-found', message: `${client.server()}: there is no node ${path}`, token, unsure } : { ...this.#listed(content, ask.ref), token, unsure }
    } catch (error) {
      const message = saidBy(error)
      return error instanceof ZooKeeperError && error.denied ? { kind: 'denied', message, retryAfter: DENIED_PAUSE } : { kind: 'failed', message }
    }
  }

  // Once more where the credentials of the connection are refused and there are others by now: the connection of a session may stay for months.
  async #content(client: ZooKeeper, nodes: Nodes<T>, depth: Parameters<Nodes<T>['read']>[0], signal: AbortSignal): Promise<Content<T> | 'no-node'> {
    const used = client.credentials()
    const content = await nodes.read(depth, signal).catch((error: unknown) => {
      if (error instanceof ZooKeeperError && error.denied) return error
      throw error
    })
    const isRefused = content instanceof ZooKeeperError || (content !== 'no-node' && content.hidden > 0)
    if (isRefused && (await client.authenticate(used))) return nodes.read('all', signal)
    if (content instanceof ZooKeeperError) throw content
    return content
  }

  #listed(content: Content<T>, ref: ServiceRef): Extract<Reading, { kind: 'listed' }> {
    const { instances, rejected } = this.#layout.instances(content.values, ref)
    return { kind: 'listed', instances, rejected: [...content.rejected.map(({ id, reason }) => ({ id: printable(id), reason })), ...rejected], bytes: content.bytes, filtered: content.hidden > 0 }
  }

  // True when something has happened. Rejects with what is wrong when no server can be reached any more.
  async #awaitChange(client: ZooKeeper, nodes: Nodes<T>, wait: number, signal: AbortSignal): Promise<boolean> {
    const life = lifeWithin(signal)
    try {
      await Promise.race([nodes.changed(life.signal), client.down(life.signal), this.#platform.sleep(wait, life.signal)])
      // Asked for and not raced for: a session that is given up wakes every watcher as well.
      const trouble = client.trouble()
      if (trouble !== undefined) throw trouble
      return nodes.hasChanged
    } finally {
      life.end()
    }
  }

  #nodesOf(client: ZooKeeper, path: string, watch: AbortSignal): Nodes<T> {
    const kept = this.#watched.get(watch)
    if (kept !== undefined) return kept
    const nodes = new Nodes(client, path, this.#layout, MAX_INSTANCES)
    this.#watched.set(watch, nodes)
    watch.addEventListener('abort', () => this.#leave(watch), { once: true })
    return nodes
  }

  // With the last watch the session ends, so that nothing keeps a process alive.
  #leave(watch: AbortSignal): void {
    this.#watched.get(watch)?.close()
    this.#watched.delete(watch)
    if (this.#watched.size > 0) return
    this.#client?.close()
    this.#client = undefined
  }
}
