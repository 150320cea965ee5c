// Prefixes taken from and put before a path, as routes with a rewrite: what every dialect means by strip and prepend.
import { BadTag } from './dialect.ts'

/** A path of a match with the path that is sent on. */
export interface Stripped {
  readonly path: string
  readonly rewrite?: string
  /** The prefix that was taken off, as written. */
  readonly stripped?: string
}

/** What other proxies tell a service of the prefix that they took off its paths, so that it can make links. */
export const FORWARDED_PREFIX = 'X-Forwarded-Prefix'

/**
 * Routes for requests below `prefix` (`/` for all) from which `strip` is taken and to which `prepend` is added; both may be empty.
 * Where only a part of the paths begins with `strip`, the rest is a route of its own.
 * @throws BadTag when no request below `prefix` can begin with `strip`
 */
export function stripPrefix(prefix: string, strip: string, prepend: string): readonly Stripped[] {
  const [from, off, on] = [trimmed(prefix), trimmed(strip), trimmed(prepend)]
  const told = (routes: readonly Stripped[]): readonly Stripped[] => (off === '' ? routes : routes.map((route) => ({ ...route, stripped: strip })))
  if (isBelow(from, off)) return told(moved(from, on + from.slice(off.length), on === '' && off === ''))
  if (!isBelow(off, from)) throw new BadTag(`no path below ${prefix} begins with the segments of ${strip}, which should be stripped`)
  return [...told(moved(off, on, false)), ...moved(from, on + from, on === '')]
}

/** Prefixes of which the first that fits is taken, without those that lie below an earlier one. */
export function firstFitting(prefixes: readonly string[]): readonly string[] {
  return prefixes.filter((prefix, i) => !prefixes.slice(0, i).some((earlier) => isBelow(trimmed(prefix), trimmed(earlier))))
}

function moved(from: string, to: string, same: boolean): Stripped[] {
  if (same) return [{ path: `${from}/**` }]
  const below: Stripped = { path: `${from}/**`, rewrite: `${to}/{**}` }
  // The prefix itself would gain a slash.
  return from === '' || to === '' ? [below] : [{ path: from, rewrite: to }, below]
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** Without slashes at the end: `/` is nothing. */
function trimmed(path: string): string {
  if (path !== '' && !path.startsWith('/')) throw new BadTag(`the path '${path}' does not begin with a slash`)
  // Braces would be captures.
  if (/[{}]/.test(path)) throw new BadTag(`the path '${path}' holds braces`)
  return path.replace(/\/+$/, '')
}
