// Rules across the top keys of a configuration that hold whether or not the rest is right.
import type { Source } from './document.ts'
import { keysAt } from './names.ts'
import { valueAt, type Finding } from './problems.ts'

/** A file cut short by an editor is often valid and has no routes; it must not blank the table. */
export const NO_ROUTES: Finding = { path: [], message: 'no routes', hint: 'to have none on purpose write routes: [] and allowEmpty: true' }

/** Findings about what is missing or given twice. */
export function checkFrame(source: Source): Finding[] {
  const has = (key: string): boolean => valueAt(source.value, [key]) !== undefined
  const findings: Finding[] = []
  const routes = valueAt(source.value, ['routes'])
  if (valueAt(source.value, ['allowEmpty']) !== true && !has('routesFrom') && (routes === undefined ? !has('store') : Array.isArray(routes) && routes.length === 0)) findings.push(routes === undefined ? NO_ROUTES : { ...NO_ROUTES, path: ['routes'] })
  if (has('listen') && has('listeners')) findings.push({ path: ['listen'], message: 'listen and listeners are both given', hint: 'move the port into listeners', onKey: true })
  if (!has('listen') && keysAt(source, 'listeners').size === 0) findings.push({ path: [], message: 'no listener: nothing could reach this gateway', hint: 'write listen: 8080' })
  return findings
}
