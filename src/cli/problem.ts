// One problem of a document on a terminal.
import type { Problem } from '../model/store.ts'

/** `FILE:3:7: error: routes[0].mach: unknown key 'mach' (did you mean match?)`; editors jump to such lines. */
export function formatProblem({ severity, path, line, column, message, hint }: Problem, file: string): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`
  return `${place}: ${severity}: ${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` (${hint})`}`
}
