// Consul as a source of endpoints: the health API of an agent, followed by blocking queries through the `consul` client.
import type { Rejection, ServiceRef } from '../src/model/discoverer.ts'
import type { Adapter } from './adapter.ts'
import { askAgents, createAgents, distrust, indexOf, isFiltered, malformed, type Agents, type Question } from './consul/agents.ts'
import { createConsulCatalog } from './consul/catalog.ts'
import type { HealthOptions } from './consul/client.ts'
import { contactIn } from './consul/contact.ts'
import { readEntry } from './consul/entry.ts'
import { consulOptions } from './consul/options.ts'
import { createDiscoverer } from './discoverer.ts'
import { TLS_PATHS } from './option-words.ts'
import type { Ask, Instance, Reading } from './reading.ts'

/** The Consul adapter. */
export const consul: Adapter = {
  type: 'consul',
  doc: 'Endpoints from the health API of a Consul agent, followed by blocking queries.',
  needs: ['fetch'],
  paths: ['tokenFile', ...TLS_PATHS],
  schema: consulOptions,
  ref: {
    example: 'consul/web?tag=v2',
    options: {
      tag: 'Only instances with this tag; several, separated by commas, must all be there.',
      dc: 'Datacenter to ask for.',
      filter: 'Filter expression of Consul, such as `Service.Meta.version == "2"` (percent-encoded).',
      ns: 'Namespace (Consul Enterprise).',
      partition: 'Admin partition (Consul Enterprise).',
    },
  },
  create(name, written, platform, capabilities = {}) {
    const agents = createAgents(name, written, platform, capabilities)
    const read = (ask: Ask, signal: AbortSignal): Promise<Reading> => readService(agents, ask, signal)
    return createDiscoverer({ registry: name, needs: ['fetch'], read, changes: { kind: 'block', wait: agents.options.wait } }, platform, agents.options)
  },
  catalog: (name, written, platform, capabilities = {}) => createConsulCatalog(name, createAgents(name, written, platform, capabilities)),
}

function readService(agents: Agents, ask: Ask, signal: AbortSignal): Promise<Reading> {
  const { ns } = ask.ref.options
  const headers = ns === undefined ? {} : { headers: { 'x-consul-namespace': ns } }
  return askAgents<Reading>(agents, { ...ask, ...headers }, signal, async (question) => readRows(await question.client.health.service(optionsOf(ask.ref, question.options)), question, agents.options.zoneKey))
}

function optionsOf({ name, options }: ServiceRef, common: Question['options']): HealthOptions {
  const { tag, filter, dc, partition } = options
  return {
    ...common,
    service: name,
    ...(tag === undefined ? {} : { tag: tag.split(',').filter((each) => each !== '') }),
    ...(filter === undefined ? {} : { filter }),
    ...(dc === undefined ? {} : { dc }),
    ...(partition === undefined ? {} : { partition }),
  }
}

function readRows(rows: unknown, question: Question, zoneKey: string): Reading {
  const { answer } = question.call
  if (answer !== undefined && !Array.isArray(rows)) return malformed(question, 'list')
  if (answer === undefined || !Array.isArray(rows)) return { kind: 'failed', message: `${question.address}: no answer` }
  const doubt = distrust(question, rows.length === 0, 'this service or its nodes')
  if (doubt !== undefined) return doubt
  const instances: Instance[] = []
  const rejected: Rejection[] = []
  for (const [position, row] of rows.entries()) {
    const entry = readEntry(row, position, zoneKey)
    if (entry !== undefined && 'instance' in entry) instances.push(entry.instance)
    else if (entry !== undefined) rejected.push(entry.rejection)
  }
  const index = indexOf(answer)
  return { kind: 'listed', instances, rejected, filtered: isFiltered(answer), bytes: answer.body.byteLength, age: contactIn(answer), ...(index === undefined ? {} : { token: index }) }
}
