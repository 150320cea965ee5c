// Several addresses of one registry: the first is used until it fails, then the next.
import type { Platform } from '../src/model/platform.ts'
import { Late, withDeadline } from './deadline.ts'
import type { Trouble } from './reading.ts'

/** How long another server may take to confirm before the one in use is asked, milliseconds: both must fit into the time of one question. */
const OTHER_DEADLINE = 4000

/** Addresses in the order in which they are tried. */
export interface Addresses {
  /** The one to ask; the one after it for a confirmation, since another server makes another mistake. */
  pick(confirm: boolean): string
  /** Moves an address behind the others. */
  failed(address: string): void
}

/** Rotates the addresses of an `address` option: one, or a list that is not empty. */
export function createAddresses(written: string | readonly string[]): Addresses {
  let order: readonly string[] = [written].flat()
  return {
    pick: (confirm) => (confirm ? order[1] : undefined) ?? order[0] ?? '',
    failed(address) {
      order = [...order.filter((other) => other !== address), address]
    },
  }
}

/** What a question is asked with. */
export interface Asking {
  readonly platform: Platform
  readonly addresses: Addresses
  readonly confirm: boolean
  readonly signal: AbortSignal
}

/**
 * Asks the address in use. A confirmation is asked of another one first, and of the one in use when that fails or hangs: else nothing
 * could be confirmed, and nothing else be asked meanwhile, for as long as a second server is down. One that says no to us is heard, since
 * missing rights may be why there seems to be nothing.
 * @param question asks one address, and does not reject
 */
export async function askOne<T extends { readonly kind: string }>({ platform, addresses, confirm, signal }: Asking, question: (address: string, signal: AbortSignal) => Promise<T>): Promise<T | Trouble> {
  const inUse = addresses.pick(false)
  const other = addresses.pick(confirm)
  if (other !== inUse) {
    const answer = await withDeadline<T | Trouble>(platform, OTHER_DEADLINE, signal, (own) => question(other, own), ({ message }) => ({ kind: 'failed', message: `${other}: ${message}` }))
    if (!blamed(answer, signal)) return answer
    addresses.failed(other)
    if (signal.aborted) return answer
  }
  const answer = await question(inUse, signal)
  if (blamed(answer, signal)) addresses.failed(inUse)
  return answer
}

function blamed({ kind }: { readonly kind: string }, signal: AbortSignal): boolean {
  return kind === 'failed' && speaksAgainst(signal)
}

/** Whether a failure speaks against the server: not when the watch was stopped. */
export function speaksAgainst(signal: AbortSignal): boolean {
  return !signal.aborted || signal.reason instanceof Late
}
