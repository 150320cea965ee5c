// Waiting for what comes soon, for as long as a loaded machine may take to it: `vi.waitFor` itself waits one second.
import { vi } from 'vitest'

/** Waits until `check` throws no more, at most 20 s, and gives what it gave. */
export const soon = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 20 })
