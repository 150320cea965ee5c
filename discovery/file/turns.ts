// A bound on how much of the process a file system may hold. An access to one that hangs (NFS without its server) cannot be called
// back, and holds one of the few threads that everything shares that reads files or looks names up: Node has four.
import type { FileAccess } from './access.ts'
import type { Slots } from '../slots.ts'

/** Accesses of one registry at once. With two, a single file that hangs does not stop the others. */
export const ACCESSES = 2

/** The same files, where each access takes a slot first. One that has none yet when the signal is aborted rejects with its reason. */
export function inTurn(files: FileAccess, slots: Slots, signal: AbortSignal): FileAccess {
  const access = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!(await slots.take(signal))) throw signal.reason
    try {
      return await work()
    } finally {
      slots.give()
    }
  }
  return {
    stat: (path) => access(() => files.stat(path)),
    read: (path, maxBytes) => access(() => files.read(path, maxBytes)),
    resolve: (path) => access(() => files.resolve(path)),
  }
}
