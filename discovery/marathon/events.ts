// Marathon's event stream as a source of hints. It has no ids and no replay, its order is not promised, and slow readers are cut
// off or lose events, so an event only says which apps to look at.
import type { Platform } from '../../src/model/platform.ts'
import { createStreamKeeper, type StreamSource } from '../event-stream.ts'
import { parseJson, recordOf, textOf } from '../json.ts'
import type { MarathonClient } from './client.ts'

/** A node without leader answers after 3 s; an empty line is written each 10 s. Milliseconds. */
const PATIENCE = { head: 10_000, first: 25_000, line: 25_000 }
const WORDS = { closed: 'Marathon closed it', meanwhile: 'apps are looked at every 10 s meanwhile' }
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
  /** The stream begins (again), or is gone: whatever happened meanwhile was not heard. Not called once the signal is aborted. */
  onTurn(live: boolean): void
  /** These apps may have changed; undefined: any may. `defined`: apps may be others or defined anew, not their tasks only. */
  onChange(ids: readonly string[] | undefined, defined: boolean): void
}

/** Keeps a stream open until the signal is aborted. Never rejects. */
export function followEvents(registry: string, client: MarathonClient, platform: Platform, heard: Heard, signal: AbortSignal): Promise<void> {
  const keep = createStreamKeeper(
    { registry, patience: PATIENCE, maxLine: MAX_EVENT, words: WORDS, open: (own) => client.events(PATH, own), begin: () => readerFor(heard), onTurn: (live) => heard.onTurn(live) },
    platform,
  )
  return keep(signal)
}

function readerFor(heard: Heard): ReturnType<StreamSource['begin']> {
  const frame: Frame = { type: '', data: [], length: 0 }
  return (line, alive) => {
    // Any line shows that the server has taken us in: a head alone may be that of a proxy which keeps the rest to itself.
    alive()
    take(frame, line, heard)
    return frame.length > MAX_EVENT ? `an event of the stream is longer than ${MAX_EVENT} characters and was refused` : undefined
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
