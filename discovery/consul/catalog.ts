// The services of a Consul with their tags: one blocking query on the catalogue, whatever the number of services. It wakes for
// each registration and each change of tags, not for health.
import { refKey } from '../../src/model/discoverer.ts'
import type { Catalog, CatalogService } from '../../src/model/catalog.ts'
import { createCatalog, type CatalogReading } from '../catalog.ts'
import { askAgents, distrust, indexOf, isFiltered, malformed, type Agents, type Question } from './agents.ts'

/**
 * Longest time of one blocking query, milliseconds, where the registry's own is longer: a query that waits is answered with the rights it began
 * with, and it is one for a whole registry.
 */
const WAIT = 15_000

/** The catalogue of one configured Consul. */
export function createConsulCatalog(registry: string, agents: Agents): Catalog {
  return createCatalog({
    registry,
    changes: { kind: 'block', wait: Math.min(WAIT, agents.options.wait) },
    allowEmpty: agents.options.allowEmpty,
    platform: agents.platform,
    meant: [agents.options.zoneKey],
    read: (ask, signal) =>
      askAgents<CatalogReading>(agents, ask, signal, async (question) => readServices(await question.client.catalog.service.list(question.options), question, registry)),
  })
}

function readServices(body: unknown, question: Question, registry: string): CatalogReading {
  const { answer } = question.call
  if (answer === undefined) return { kind: 'failed', message: `${question.address}: no answer` }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return malformed(question, 'map of services')
  const services = Object.entries(body).map(([name, tags]: [string, unknown]): CatalogService => ({ ref: refKey({ registry, name, options: {} }), name, labels: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [] }))
  const doubt = distrust(question, services.length === 0, 'any service')
  if (doubt !== undefined) return doubt
  const index = indexOf(answer)
  return { kind: 'listed', services, filtered: isFiltered(answer), bytes: answer.body.byteLength, ...(index === undefined ? {} : { token: index }) }
}
