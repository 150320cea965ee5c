// Who is asked to confirm what looks like a loss: another server, since it makes another mistake.
import type { Platform } from '../../src/model/platform.ts'
import { combined, isTrouble } from './question.ts'
import type { Trouble } from '../reading.ts'
import type { Server, Servers } from './servers.ts'

/** How long the others may take together to confirm, milliseconds: the one in use must still have its time. */
const OTHERS = 4000
/** One that could not answer in less is not asked any more, milliseconds. */
const LEAST = 1000

/** Asks the other servers as long as their time lasts, then the one in use, until one answers. One that fails is asked after the others next time. `ask` gets its patience in milliseconds. */
export async function askOthersFirst<T extends { readonly kind: string }>(servers: Servers, platform: Platform, signal: AbortSignal, ask: (server: Server, patience: number) => Promise<T | Trouble>): Promise<T | Trouble> {
  const until = platform.now() + OTHERS
  const [inUse, ...others] = servers.order()
  const troubles: Trouble[] = []
  for (const server of [...others, ...(inUse === undefined ? [] : [inUse])]) {
    const patience = server === inUse ? OTHERS : until - platform.now()
    if (patience < LEAST) continue
    const answer = await ask(server, patience)
    if (!isTrouble(answer)) return answer
    troubles.push(answer)
    if (signal.aborted) break
    if (server !== inUse) servers.failed(server)
  }
  return combined(troubles)
}
