// When the word of a server does not count: those of Consul and of Nomad say with each answer how long ago they had contact with their leader.
import type { Trouble } from './reading.ts'

/** One that has had none for so long (milliseconds) may be cut off with old data. */
const MAX_LAST_CONTACT = 15_000

/** Why an answer must not be believed after so many milliseconds without contact; undefined when it may. `server` says for people which one it is. */
export function outOfContact(server: string, contact: number): Trouble | undefined {
  if (contact <= MAX_LAST_CONTACT) return undefined
  // Not for how long: each question would tell of another cause, and every worker of a set that is the same.
  return { kind: 'failed', message: `${server} has had no contact with a leader for more than ${MAX_LAST_CONTACT / 1000} s` }
}
