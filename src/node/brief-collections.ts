// How the main process collects its garbage. It shares the cores with the workers, and a collection that takes all of them for ten
// milliseconds is what requests notice of a busy registry.
import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the young generation of this process from growing, and leaves its collection to the one thread: many short pauses in place of a
 * few long ones on every core. To be called before much is allocated; before the gateway is loaded would be too early, since a generation
 * of 1 MiB costs a quarter more CPU under 200 changes a second and requests notice no difference. Workers are processes of their own and keep what is
 * fastest for requests.
 */
export function collectBriefly(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--no-parallel-scavenge')
}
