// Prefixes that end inside of a segment, `/static-`: other proxies compare prefixes as text, and one of these can be meant in no other way.
import { BadTag } from './dialect.ts'
import type { Stripped } from './strip.ts'

/** Plain letters, so that the text is the normal form of a path, and a sign at the end that no segment ends with. */
const INSIDE = /^\/[\w.~=/-]*[-_.=]$/

/** Whether a prefix is compared as text rather than by whole segments. */
export function endsInside(prefix: string): boolean {
  return INSIDE.test(prefix)
}

/** The pattern of a path for it, as a match has it. */
export function insidePattern(prefix: string, rest = '.*'): string {
  return `/^${prefix.replaceAll('.', '\\.')}${rest}$/`
}

/**
 * One route for requests that begin with the text of `prefix`, from which `strip` is taken and to which `prepend` is added; both may be empty.
 * @throws BadTag when `strip` goes beyond the prefix, or ends inside of another segment
 */
export function stripInside(prefix: string, strip: string, prepend: string): Stripped {
  const [off, on] = [strip.replace(/\/+$/, ''), prepend.replace(/\/+$/, '')]
  if (off !== '' && off !== prefix && !prefix.startsWith(`${off}/`)) throw new BadTag(`${strip} cannot be stripped from paths that begin with ${prefix}: it is neither that nor whole segments of it`)
  if (off === '' && on === '') return { path: insidePattern(prefix) }
  const left = prefix.slice(off.length)
  return { path: insidePattern(prefix, '(?P<rest>.*)'), rewrite: `${on}${left.startsWith('/') ? left : `/${left}`}{rest}`, ...(off === '' ? {} : { stripped: strip }) }
}
