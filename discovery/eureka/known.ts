// What is known of a registry over time: the view in use, which of its services changed when, and how sure a loss is.
import { Doubt } from './doubt.ts'
import { keyOf, select, type Changes, type View } from './view.ts'
import { selectorKey, type Selector } from './selector.ts'
import type { Row } from './wire.ts'
import type { Server } from './servers.ts'

/** How long it is remembered that an instance was said to be gone, milliseconds. */
const EVIDENCE = 600_000

/** What is known of one service. */
export interface News {
  readonly kind: 'news'
  readonly rows: readonly Row[]
  readonly unreadable: View['unreadable']
  /** Differs when anything of the service may be different. */
  readonly version: string
  /** `APP/id` of what the registry said to be gone. */
  readonly left: ReadonlySet<string>
  /** The view is of a server that was not asked before, or that was away. */
  readonly unsure: boolean
  /** Only the periodic full list showed it. */
  readonly missed: boolean
  /** Milliseconds since the server in use was heard. */
  readonly age: number
}

/** How a view was come by. */
export interface Taking {
  readonly server: Server
  /** Monotonic milliseconds. */
  readonly now: number
  /** Read for no other reason than that it was time. */
  readonly periodic: boolean
  /** No server answered before: this one may have just started. */
  readonly away: boolean
  /** `APP/id` that a list of changes said to be gone, before this list was read. */
  readonly told: readonly string[]
}

/** The memory of one feed. */
export class Known {
  view: View | undefined
  readonly doubt = new Doubt()
  #heardAt = -Infinity
  #version = 0
  // Version of the last full list, and of the last change of each application since.
  #listed = 0
  #periodic = false
  readonly #changed = new Map<string, number>()
  readonly #left = new Map<string, number>()

  takeView(view: View, { server, now, periodic, away, told }: Taking): void {
    this.doubt.took(server, away, now)
    this.view = view
    this.#heardAt = now
    this.#listed = ++this.#version
    this.#periodic = periodic
    this.#changed.clear()
    this.#remember(told, now)
    for (const key of this.#left.keys()) if (view.ledger.has(key)) this.#left.delete(key)
  }

  takeChanges({ apps, deleted, added }: Changes, now: number): void {
    this.#heardAt = now
    if (apps.size > 0) this.#version++
    for (const app of apps) this.#changed.set(app, this.#version)
    this.#remember(deleted, now)
    for (const key of added) this.#left.delete(key)
  }

  /** Undefined when the view does not have it. */
  versionOf(selector: Selector): string | undefined {
    if (this.view?.covers.has(selectorKey(selector)) !== true) return undefined
    return String(selector.by === 'app' ? (this.#changed.get(selector.name) ?? this.#listed) : this.#version)
  }

  /** What the view in use has of a service. Undefined when it does not cover it. */
  news(selector: Selector, now: number): News | undefined {
    const { view } = this
    const version = this.versionOf(selector)
    if (view === undefined || version === undefined) return undefined
    const unreadable = selector.by === 'app' ? view.unreadable.filter(({ app }) => app === selector.name) : []
    return { kind: 'news', rows: select(view, selector), unreadable, version, left: new Set(this.#left.keys()), unsure: this.doubt.holds(now), missed: this.#periodic && version === String(this.#listed), age: now - this.#heardAt }
  }

  /**
   * The same with what another view has besides: a loss is one only where both lack it, and what the one in use lists is not lost for
   * being asked twice. What is said to be gone, or is listed by the one in use under another address, is older there.
   */
  confirmed(selector: Selector, now: number, other: View): News | undefined {
    const own = this.news(selector, now)
    if (own === undefined || !other.covers.has(selectorKey(selector))) return undefined
    const more = select(other, selector).filter((row) => this.view?.ledger.has(keyOf(row)) !== true && !this.#left.has(keyOf(row)))
    return { ...own, rows: [...own.rows, ...more] }
  }

  #remember(keys: readonly string[], now: number): void {
    for (const key of keys) this.#left.set(key, now)
    for (const [key, at] of this.#left) if (now - at > EVIDENCE) this.#left.delete(key)
  }
}
