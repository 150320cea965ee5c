// What only compiling a table can see, brought back to what was written.
import type { TableConfig } from '../model/table-config.ts'
import { compileTable } from '../route/compile.ts'
import { TableError } from '../route/table-error.ts'
import type { Path, Source } from './document.ts'
import { valueAt, type Finding } from './problems.ts'

/** Compiles a table for its problems: captures in templates, callers, limits. Their paths speak of the normal form. */
export function compileFindings(table: TableConfig, source: Source): Finding[] {
  try {
    compileTable(table)
    return []
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    return error.problems.map(({ path, message }) => ({ path: writtenPath(path, source), message }))
  }
}

function writtenPath(path: string, source: Source): Path {
  const normal = path.replace('.action.location', '.redirect').replace('.action.', '.')
  const steps = normal.split(/[.[\]]+/).filter((step) => step !== '').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  while (steps.length > 1 && valueAt(source.value, steps) === undefined) steps.pop()
  return steps
}
