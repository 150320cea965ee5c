// An app with its tasks as instances.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import type { Rejection } from '../../src/model/discoverer.ts'
import { healthOf, notReady, stageOf, type Stage } from './health.ts'
import { countOf, recordOf, textOf } from '../json.ts'
import { readLabels, type LabelNames, type Labels } from './labels.ts'
import { addressOf, choosePort, networkOf, type Address, type Network, type PortDefinition, type Wanted } from './ports.ts'
import type { Instance, Reading } from '../reading.ts'
import { printable } from '../text.ts'

/** What to read of it. */
export interface View extends LabelNames, Wanted {}

/** What was read of a task before. Its address never changes; its health may be forgotten by Marathon, but not by us. */
export interface Known {
  readonly host: unknown
  readonly port: unknown
  readonly health: EndpointHealth
}
/** By task id. */
export interface Memory {
  get(id: string): Known | undefined
}

/** An answer, and what to remember of the tasks that it lists. */
export interface AppReading {
  readonly reading: Reading
  readonly tasks: ReadonlyMap<string, Known>
}

/** Reads the app `id` as `place` answered it. */
export function readApp(value: unknown, id: string, place: string, view: View, before: Memory): AppReading {
  const app = recordOf(value)
  const failed = (message: string): AppReading => ({ reading: { kind: 'failed', message: `${place}: ${message}` }, tasks: new Map() })
  if (app === undefined || app['id'] !== id || !Array.isArray(app['tasks'])) return failed('the answer is not the app with its tasks; is this a Marathon?')
  const tasks: readonly unknown[] = app['tasks']
  // The two are counted from one list: an answer that contradicts itself was made while that list was being loaded.
  if (tasks.length === 0 && (countOf(app['tasksRunning']) ?? 0) > 0) return failed(`the app lists no tasks, but says that ${String(app['tasksRunning'])} are running`)
  const network = networkOf(app)
  const port = choosePort(network, view)
  if ('reason' in port && tasks.length > 0) return failed(`the app ${id} ${port.reason}`)
  const labels = readLabels(id, app['labels'], view)
  const sheet: Sheet = { app, network, port, labels, view, before, unready: notReady(app) }
  const instances: Instance[] = []
  const rejected: Rejection[] = []
  const known = new Map<string, Known>()
  for (const [position, task] of tasks.entries()) {
    const read = readTask(recordOf(task), position, sheet)
    if (read === undefined) continue
    if ('reason' in read) {
      rejected.push(read)
      continue
    }
    instances.push(read.instance)
    known.set(read.instance.id, read.known)
  }
  return { reading: { kind: 'listed', instances, rejected, notes: labels.notes, stated: isAsWanted(app, instances) }, tasks: known }
}

// All that the app's owner asked for is there, be it nothing: then what is gone was taken away on purpose.
function isAsWanted(app: Readonly<Record<string, unknown>>, instances: readonly Instance[]): boolean {
  const wanted = countOf(app['instances'])
  return wanted !== undefined && instances.filter((instance) => instance.presumed !== true && instance.draining !== true).length >= wanted
}

interface Sheet {
  readonly app: Readonly<Record<string, unknown>>
  readonly network: Network
  readonly port: PortDefinition | { readonly reason: string }
  readonly labels: Labels
  readonly view: View
  readonly before: Memory
  readonly unready: ReadonlySet<unknown>
}

function readTask(task: Readonly<Record<string, unknown>> | undefined, position: number, sheet: Sheet): { readonly instance: Instance; readonly known: Known } | Rejection | undefined {
  const id = textOf(task?.['id'])
  if (task === undefined || id === undefined) return { id: `#${position}`, reason: 'is not a task with an id' }
  const stage = stageOf(task)
  if (stage === 'strange') return { id: printable(id), reason: `is in a state that is not known: ${printable(String(task['state']))}` }
  if (stage === 'away') return undefined
  const before = sheet.before.get(id)
  const now = resolve(task, sheet)
  // The definition may have changed since the task was started; where it listens has not.
  const address = before !== undefined && ('reason' in now || task['version'] !== sheet.app['version']) ? before : now
  // A task that is not active any more has lost its ports.
  if ('reason' in address) return stage === 'running' ? { id: printable(id), reason: address.reason } : undefined
  const health = stage === 'running' ? healthOf(sheet.app, task, before?.health) : (before?.health ?? 'unknown')
  const { host, port } = address
  return { instance: instanceOf(id, { host, port }, task, shown(stage, health, sheet.unready.has(id)), sheet), known: { host, port, health } }
}

function resolve(task: Readonly<Record<string, unknown>>, { port, network, view }: Sheet): Address {
  return 'reason' in port ? port : addressOf(task, port, network, view)
}

function shown(stage: Stage, health: EndpointHealth, unready: boolean): Pick<Instance, 'health' | 'draining' | 'presumed'> {
  if (stage === 'draining') return { health: 'maintenance', draining: true }
  if (stage === 'lost') return { health: 'critical', presumed: true }
  return { health: unready ? 'critical' : health }
}

function instanceOf(id: string, address: { readonly host: unknown; readonly port: unknown }, task: Readonly<Record<string, unknown>>, state: Pick<Instance, 'health' | 'draining' | 'presumed'>, { labels }: Sheet): Instance {
  const region = textOf(task['region'])
  const meta = region === undefined ? labels.meta : Object.assign(Object.create(null) as Record<string, string>, { region }, labels.meta)
  return { id, ...address, ...state, zone: textOf(task['zone']), tags: labels.tags, meta, ...(labels.weight === undefined ? {} : { weight: labels.weight }) }
}
