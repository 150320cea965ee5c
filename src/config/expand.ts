// `${NAME}` and `${NAME:-default}` in texts of the configuration, from the environment; `$${` stands for a plain `${`.
import { Complaint } from './complaint.ts'
import type { Path } from './document.ts'
import { nearest } from './nearest.ts'

/** The environment to expand from. Without one (a table from Redis) every reference is refused: whoever writes the table must not read the gateway's secrets. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Expands every text of a document in place and gives it back; what cannot be expanded stays and is complained of. */
export function expandTexts(value: unknown, env: Environment | undefined, complain: (path: Path, complaint: Complaint) => void, path: Path = []): unknown {
  if (typeof value === 'string') return expandOr(value, env, (complaint) => complain(path, complaint))
  if (typeof value !== 'object' || value === null) return value
  const container = value as Record<string | number, unknown>
  for (const key of Object.keys(value)) {
    const child = container[key]
    if (typeof child === 'string' ? !child.includes('${') : typeof child !== 'object') continue
    container[key] = expandTexts(child, env, complain, [...path, Array.isArray(value) ? Number(key) : key])
  }
  return value
}

function expandOr(text: string, env: Environment | undefined, complain: (complaint: Complaint) => void): string {
  try {
    return expandEnv(text, env)
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    complain(error)
    return text
  }
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/**
 * Expands a text once; what a variable holds is not expanded again. An empty variable counts as missing only for `:-`.
 * @throws Complaint when a variable is missing or a reference is malformed
 */
export function expandEnv(text: string, env: Environment | undefined): string {
  if (!text.includes('${')) return text
  return text.replace(REFERENCE, (whole: string, inside: string | undefined) => (inside === undefined ? '${' : lookUp(whole, inside, env)))
}

function lookUp(whole: string, inside: string, env: Environment | undefined): string {
  const parts = INSIDE.exec(inside)
  if (!whole.endsWith('}') || parts === null) throw new Complaint(`${whole} is not a reference to an environment variable`, 'write ${NAME} or ${NAME:-default}; $${ stands for a plain ${')
  const name = parts[1] as string
  if (env === undefined) throw new Complaint(`environment variables are not expanded here (${whole})`, 'write the value itself; $${ stands for a plain ${')
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  const fallback = parts[2]
  if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
  if (value !== undefined) return value
  const near = nearest(name, Object.keys(env))
  throw new Complaint(`the environment variable ${name} is not set`, near === undefined ? `set it, or give a default: \${${name}:-…}` : `did you mean ${near}? Or give a default: \${${name}:-…}`)
}
