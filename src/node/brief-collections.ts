// How the main process collects its garbage. It shares the cores with the workers, and a collection that takes all of them for ten
// milliseconds is what requests notice of a busy registry.
import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the young generation of this process as small as it begins, and leaves its collection to the one thread: many short pauses in
 * place of a few long ones on every core. To be called before much is allocated. Workers are processes of their own and keep what is
 * fastest for requests.
 */
export function collectBriefly(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--no-parallel-scavenge')
}
