// The short form of a match: `[METHODS ]host/path`.
import type { MatchConfig } from '../model/match-config.ts'
import { isMethod } from '../model/token.ts'
import { Complaint } from './complaint.ts'
import { readHost } from './host.ts'
import { readPath } from './path-pattern.ts'

const STANDARD = new Set(['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'])

/** One method; the standard ones must be upper case, since methods are case-sensitive (RFC 9110, 9.1). */
export function readMethod(text: string): string {
  if (text.includes('|')) throw new Complaint(`'${text}' would be one method of that name`, `write ${text.split('|').join(',')}, or a list`)
  if (text === '*') throw new Complaint("'*' would be a method of that name", 'leave the methods out to match every one')
  if (!isMethod(text)) throw new Complaint(`'${text}' is not a method`, 'write GET, POST …')
  if (text !== text.toUpperCase() && STANDARD.has(text.toLowerCase())) throw new Complaint(`'${text}': methods are case-sensitive`, `write ${text.toUpperCase()}`)
  return text
}

/** Reads `GET,POST words.example.com/api/**`, `/health`, `*.example.com/**`, `words.example.com` (every path). */
export function readMatch(text: string): MatchConfig {
  const parts = text.trim().split(/\s+/)
  if (parts.length > 2) throw new Complaint(`'${text}' has more than methods and host/path`, 'write GET,POST host/path')
  const place = readPlace(parts.at(-1) as string, text)
  if (parts.length === 1) return place
  return { ...place, method: (parts[0] as string).split(',').map(readMethod) }
}

function readPlace(place: string, text: string): MatchConfig {
  if (place === '') throw new Complaint('an empty match', 'write host/path; /** matches everything')
  const scheme = /^[a-z]+:\/\//i.exec(place)
  if (scheme !== null) throw new Complaint(`'${text}' has a scheme`, `write ${place.slice(scheme[0].length)}; use \`listener\` to tell http from https`)
  const slash = place.indexOf('/')
  if (slash < 0) return { host: [readHost(place)] }
  const path = readPath(place.slice(slash))
  return slash === 0 ? { path: [path] } : { host: [readHost(place.slice(0, slash))], path: [path] }
}
