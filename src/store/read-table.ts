// From a text to a table that may replace the running one: parsed whole and without errors, and with routes unless the
// document says that having none is meant. Otherwise nothing of it is taken.
import { messageOf } from '../model/error.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { ParseTable, Problem } from '../model/store.ts'

export type ReadTable = { readonly table: TableConfig; readonly text: string; readonly warnings: readonly Problem[] } | { readonly problems: readonly Problem[] }

/** Never throws. */
export function readTable(text: string, parse: ParseTable): ReadTable {
  if (text.trim() === '') return { problems: [problem('the document is empty', 'to have no routes on purpose write `routes: []` and `allowEmpty: true`')] }
  try {
    const { table, problems, allowEmpty } = parse(text)
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (table === undefined || errors.length > 0) return { problems: problems.length > 0 ? problems : [problem('the document holds no route table')] }
    if (table.routes.length === 0 && allowEmpty !== true) return { problems: [problem('the table has no routes, and would take away all that are running', 'if that is meant, write `allowEmpty: true` beside `routes: []`', 'routes')] }
    return { table, text, warnings: problems }
  } catch (error) {
    // A defect of the parser must not end the watch: the running table is still good.
    return { problems: [problem(`the document cannot be read: ${messageOf(error)}`)] }
  }
}

/** One error about a document as a whole, or about the part at `path`. */
export function problem(message: string, hint?: string, path = ''): Problem {
  return { severity: 'error', path, line: 0, column: 0, message, ...(hint === undefined ? {} : { hint }) }
}
