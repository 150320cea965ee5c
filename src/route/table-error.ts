// The error of a table that cannot be compiled, with everything that is wrong with it at once.
import type { TableProblem } from './matcher.ts'

/** Thrown by `compileTable`. Nothing of the table is usable; the running one stays. */
export class TableError extends Error {
  readonly problems: readonly TableProblem[]

  constructor(problems: readonly TableProblem[]) {
    super(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
    this.name = 'TableError'
    this.problems = problems
  }
}
