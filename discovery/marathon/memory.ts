// What was read of the tasks of one app, kept over answers that do not list them: one that was made while Marathon had not loaded its tasks
// yet must not have it forget which of them are ill.
import type { Known, Memory } from './app.ts'

/** How long a task is remembered that is not listed, milliseconds: longer than a loss is held. */
const UNLISTED = 600_000
/** Tasks that are remembered of one app. */
const MAX_TASKS = 20_000

/** The memory of one watch. */
export class TaskMemory implements Memory {
  /** Those listed most recently come last. */
  readonly #tasks = new Map<string, { readonly known: Known; readonly at: number }>()

  get(id: string): Known | undefined {
    return this.#tasks.get(id)?.known
  }

  /** Takes in what an answer listed. `at`: monotonic milliseconds. */
  listed(tasks: ReadonlyMap<string, Known>, at: number): void {
    for (const [id, known] of tasks) {
      this.#tasks.delete(id)
      this.#tasks.set(id, { known, at })
    }
    for (const [id, task] of this.#tasks) {
      if (this.#tasks.size <= MAX_TASKS && at - task.at < UNLISTED) return
      this.#tasks.delete(id)
    }
  }
}
