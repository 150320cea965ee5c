// Marathon's event stream as a source of hints. It has no ids and no replay, its order is not promised, and slow readers are cut
// off or lose events, so an event only says which apps to look at.
import { lifeWithin } from '../../src/model/life.ts'
import type { Platform } from '../../src/model/platform.ts'
import { saidBy } from '../admit.ts'
import { backoff } from '../backoff.ts'
import { withDeadline } from '../deadline.ts'
import { readLines } from '../lines.ts'
import type { MarathonClient } from './client.ts'
import { parseJson, recordOf, textOf } from '../json.ts'

/** Longest time without a line, milliseconds: Marathon writes an empty one each 10 s. */
const WATCHDOG = 25_000
/** Until the head of the answer, milliseconds. A node without leader answers after 3 s. */
const HEAD = 10_000
/** A stream that lasted so long was a good one: the next failure is the first again, milliseconds. */
const STEADY = 120_000
/** Characters of one line, and of all lines of one event together. */
const MAX_EVENT = 8 * 2 ** 20

/** Events that may change endpoints or what their apps say of them. */
const TYPES: readonly string[] = [
  // With the filter the server sends this one only when asked: it is the first sign of life.
  'event_stream_attached',
  'status_update_event',
  'instance_changed_event',
  'health_status_changed_event',
  'instance_health_changed_event',
  'unhealthy_task_kill_event',
  'unhealthy_instance_kill_event',
  'unknown_instance_terminated_event',
  'app_terminated_event',
  'api_post_event',
  'deployment_info',
  'deployment_step_success',
  'deployment_step_failure',
  'deployment_success',
  'deployment_failed',
  'group_change_success',
  'group_change_failed',
  'pod_created_event',
  'pod_updated_event',
  'pod_deleted_event',
  'add_health_check_event',
  'remove_health_check_event',
]
const WANTED: ReadonlySet<string> = new Set(TYPES)
/** Those after which there may be another app, or another definition of one; the others, far more, are about tasks. */
const DEFINING: ReadonlySet<string> = new Set(['api_post_event', 'app_terminated_event', 'deployment_info', 'deployment_success', 'deployment_failed', 'group_change_success'])
// Before 1.3.7 the filter is not known and everything comes; before 1.6 plans come with two whole trees of apps.
const PATH = `/v2/events?plan-format=light&${TYPES.map((type) => `event_type=${type}`).join('&')}`

/** Who hears of the stream. */
export interface Heard {
  /** The stream begins (again), or is gone: whatever happened meanwhile was not heard. */
  onTurn(live: boolean): void
  /** These apps may have changed; undefined: any may. `defined`: apps may be others or defined anew, not their tasks only. */
  onChange(ids: readonly string[] | undefined, defined: boolean): void
}

/** Keeps a stream open until the signal is aborted. Never rejects. */
export async function followEvents(registry: string, client: MarathonClient, platform: Platform, heard: Heard, signal: AbortSignal): Promise<void> {
  let live = false
  let told = true
  const turn = (now: boolean): void => {
    if (live === now) return
    live = now
    heard.onTurn(now)
  }
  // One line when the mood changes: a stream that ends again and again says so once.
  const report = (good: boolean, text: string): void => {
    if (told !== good) platform.log(good ? 'info' : 'warn', `registry ${registry}: the event stream ${text}`, { registry })
    told = good
  }
  for (let failures = 1; !signal.aborted; failures++) {
    const began = platform.now()
    const reason = await listen(client, platform, signal, {
      ...heard,
      onTurn: () => {
        turn(true)
        report(true, 'is there')
      },
    })
    turn(false)
    if (signal.aborted) return
    report(false, `ended: ${reason}; apps are looked at every 10 s meanwhile`)
    if (platform.now() - began >= STEADY) failures = 1
    await platform.sleep(backoff(failures, platform.random()), signal)
  }
}

/** Reads one stream to its end, and says why it ended. */
async function listen(client: MarathonClient, platform: Platform, signal: AbortSignal, heard: Heard): Promise<string> {
  const life = lifeWithin(signal)
  try {
    const body = await withDeadline(platform, HEAD, signal, () => client.events(PATH, life.signal), thrown)
    const lines = readLines(body, MAX_EVENT)
    const frame: Frame = { type: '', data: [], length: 0 }
    for (;;) {
      const line = await withDeadline(platform, WATCHDOG, signal, () => lines.next(), () => undefined)
      if (line === undefined) return `no sign of life within ${WATCHDOG / 1000} s`
      if (line.done === true) return 'Marathon closed it'
      // Any line shows that the server has taken us in: a head alone may be that of a proxy which keeps the rest to itself.
      heard.onTurn(true)
      take(frame, line.value, heard)
      if (frame.length > MAX_EVENT) return `an event of the stream is longer than ${MAX_EVENT} characters and was refused`
    }
  } catch (error) {
    return saidBy(error)
  } finally {
    life.end()
  }
}

interface Frame {
  type: string
  data: string[]
  /** Characters of all its lines, those that are not kept too. */
  length: number
}

// An empty line ends a frame; a heartbeat is one that ends nothing.
function take(frame: Frame, line: string, heard: Heard): void {
  frame.length += line.length
  const field = /^(event|data): ?(.*)$/s.exec(line)
  if (field?.[1] === 'event') frame.type = field[2] ?? ''
  if (field?.[1] === 'data' && (frame.type === '' || WANTED.has(frame.type))) frame.data.push(field[2] ?? '')
  if (line !== '') return
  const { type, data } = frame
  frame.type = ''
  frame.data = []
  frame.length = 0
  const event = data.length === 0 ? undefined : parse(data.join('\n'))
  const named = type === '' ? (textOf(event?.['eventType']) ?? '') : type
  if (WANTED.has(named)) heard.onChange(event === undefined ? undefined : touchedBy(event), DEFINING.has(named))
}

/** The apps and pods that an event is about; undefined when it does not say, so that it may be any. */
export function touchedBy(event: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const uri = /^\/v2\/pods(\/[^:?]+)/.exec(textOf(event['uri']) ?? '')?.[1]
  const direct = [event['appId'], event['runSpecId'], recordOf(event['appDefinition'])?.['id'], uri].map(textOf).filter((id) => id !== undefined)
  if (direct.length > 0) return direct
  const steps = listOf(recordOf(event['plan'])?.['steps'])
  const planned = [...steps, event['currentStep']].flatMap((step) => listOf(recordOf(step)?.['actions']).map((action) => textOf(recordOf(action)?.['app'] ?? recordOf(action)?.['pod'])))
  const ids = planned.filter((id) => id !== undefined)
  return ids.length === 0 ? undefined : [...new Set(ids)]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

function parse(text: string): Record<string, unknown> | undefined {
  return recordOf(parseJson(text))
}

function thrown(reason: Error): never {
  throw reason
}
