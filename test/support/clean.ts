// What "clean" means for a request that a gateway sent on: every parser behind it reads the same message, and nothing in it was
// meant for one hop only.
import { type Message, valuesOf } from './http1.ts'

const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21\x22\x24-\x7e]+ HTTP\/1\.1$/
const FRAMING = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'upgrade', 'expect'])
const ONE_HOP = ['keep-alive', 'proxy-connection', 'proxy-authorization', 'http2-settings']
const NOT_IN_TRAILERS = new Set([...FRAMING, ...ONE_HOP, 'te', 'trailer', 'authorization', 'cookie', 'content-type', 'content-encoding', 'forwarded'])

/** Every reason why a forwarded request is not clean; empty when it is. */
export function uncleanliness(message: Message): string[] {
  const problems = [...message.problems]
  if (!REQUEST_LINE.test(message.line)) problems.push(`request line ${JSON.stringify(message.line.slice(0, 80))}`)
  const [method = '', target = ''] = message.line.split(' ')
  if (!target.startsWith('/') && !(method === 'OPTIONS' && target === '*')) problems.push(`target ${target.slice(0, 80)} is not in origin form`)
  problems.push(...hostProblems(message), ...fieldProblems(message))
  for (const [name] of message.trailers) {
    const key = hyphened(name)
    if (NOT_IN_TRAILERS.has(key) || key.startsWith('x-forwarded-')) problems.push(`trailer ${name}`)
  }
  return problems
}

function hostProblems(message: Message): string[] {
  const hosts = valuesOf(message.fields, 'host')
  if (hosts.length !== 1) return [`${hosts.length} Host fields`]
  // Empty is what a request without an authority carries (RFC 9110, 7.2).
  if (hosts[0] === '') return []
  return /^(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._~!$&'()*+;=%-]+)(:\d{1,5})?$/.test(hosts[0] ?? '') ? [] : [`Host: ${hosts[0]}`]
}

function fieldProblems(message: Message): string[] {
  const problems: string[] = []
  for (const [name, value] of message.fields) {
    const key = name.toLowerCase()
    if (key !== hyphened(name) && (FRAMING.has(hyphened(name)) || hyphened(name).startsWith('x-forwarded-'))) problems.push(`twin field ${name}`)
    if (ONE_HOP.includes(key)) problems.push(`one-hop field ${name}`)
    if (key === 'te' && value !== 'trailers') problems.push(`TE: ${value}`)
    if (key === 'upgrade' && /(^|[,\s])h2c?($|[,\s])/i.test(value)) problems.push(`Upgrade: ${value}`)
    if (key === 'expect' && value.toLowerCase() !== '100-continue') problems.push(`Expect: ${value}`)
    // Obs-text passes; other control characters do not (RFC 9110, 5.5).
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) problems.push(`control character in ${name}`)
  }
  return problems
}

function hyphened(name: string): string {
  return name.toLowerCase().replaceAll(/[._]/g, '-')
}
