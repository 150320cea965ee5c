// A list as Nomad's servers answer it, and when it is not to be believed.
import type { Got, NomadClient, Query } from './client.ts'
import { recordOf, recordsOf } from '../json.ts'
import { outOfContact } from '../out-of-contact.ts'
import type { Trouble } from '../reading.ts'

/** Longer than any server runs, milliseconds. */
const EVER = 1e12
/** Before the next question after an answer for lack of rights that is no error, milliseconds. */
const DENIED_PAUSE = 5000

/** The answer to one list; `index` is the version of the whole table of registrations. */
export interface List {
  readonly kind: 'list'
  readonly namespace: string
  readonly rows: readonly unknown[]
  readonly index: bigint
  readonly bytes: number
  /** Milliseconds since the server that answered heard its leader: so old is what it says. */
  readonly age: number
}

/** Whose word counts. */
export interface Trust {
  /** Only the leader's. */
  readonly confirm: boolean
  /** Any server's that has come so far: the newest index that was heard or listed. */
  readonly least: bigint
}

/**
 * Asks for a list; `waiting` is how long a server may wait, for what. One that has not come as far as it must is put right by the
 * leader: after a restore of an older state that is the truth.
 */
export async function askList(client: NomadClient, path: string, query: Query, waiting: Query, { confirm, least }: Trust, signal: AbortSignal): Promise<List | Trouble> {
  const namespace = query['namespace'] ?? ''
  if (!confirm) {
    const list = listOf(await client.get(path, { ...query, stale: 'true', ...waiting }, 'any', signal), namespace)
    if (list.kind !== 'list' || list.index >= least) return list
  }
  // The leader's word is the same through every agent.
  return listOf(await client.get(path, query, confirm ? 'confirm' : 'any', signal), namespace)
}

/** Reads an answer as a list; one that no server stands behind, or that lacks rights, is none. */
function listOf(got: Got | Trouble, namespace: string): List | Trouble {
  if (got.kind !== 'got') return got
  const { value, headers, place, bytes } = got
  const index = headers.get('x-nomad-index') ?? ''
  if (!Array.isArray(value) || !/^\d{1,20}$/.test(index)) return { kind: 'failed', message: `${place}: the answer is no list with an index; is this a Nomad agent?` }
  // Without rights in any namespace Nomad answers 200, an empty list and no index at all.
  if (BigInt(index) === 0n) return { kind: 'denied', message: `${place}: Nomad answers without an index, since the token may read no namespace; it needs read-job`, retryAfter: DENIED_PAUSE }
  const contact = Number(headers.get('x-nomad-lastcontact') ?? 0)
  // A server that has never known a leader answers an empty list all the same, and says that it was cut off for the longest time there is.
  if (contact > EVER) return { kind: 'failed', message: `${place}: the Nomad server has had no contact with a leader since it started` }
  return outOfContact(`${place}: the Nomad server`, contact) ?? { kind: 'list', namespace, rows: value as readonly unknown[], index: BigInt(index), bytes, age: contact > 0 ? contact : 0 }
}

/** A service in the list of all, its tags as they were written. */
export interface ListedService {
  readonly namespace: string
  readonly name: string
  readonly tags: unknown
}

/** The services in the rows of `/v1/services`, of which each is about one namespace. */
export function servicesIn(rows: readonly unknown[]): readonly ListedService[] {
  return rows.map(recordOf).flatMap((row) => {
    const namespace = row?.['Namespace']
    if (typeof namespace !== 'string') return []
    return recordsOf(row?.['Services']).flatMap(({ ServiceName: name, Tags: tags }) => (typeof name === 'string' && name !== '' ? [{ namespace, name, tags }] : []))
  })
}
