// The Marathon adapter in the shared suite, over a fake of Marathon's wire.
import { marathon } from '../../../discovery/marathon.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { json, page } from '../../support/fake-marathon/fake-marathon.ts'
import type { AppSpec, TaskSpec } from '../../support/fake-marathon/spec.ts'
import { virtualMarathon } from '../../support/fake-marathon/virtual.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

function bench(): Bench {
  const platform = fakePlatform()
  const registry = virtualMarathon(platform)
  // Ten instances are asked for: no list of fewer is what the owner wanted.
  const put = (tasks: readonly TaskSpec[], labels: Readonly<Record<string, string>> = {}): void => registry.put({ id: '/web', instances: 10, network: 'host', ports: [{ name: 'http' }], labels, checks: 1, tasks } satisfies AppSpec)
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 600,
    discoverer: (options = {}) => marathon.create('main', { address: 'http://m1:8080', ...options }, platform),
    put: (instances) => put(instances.map(task), labelsOf(instances)),
    // As when it registered with Mesos under a new id, or has not loaded its tasks.
    vanish: (way) => (way === 'absent' ? registry.remove('/web') : put([])),
    unknown: 'absent',
    putMalformed: (good) => put([...good.map(task), { id: 'bad', ports: ['http'], alive: true }]),
    strict: false,
    putHuge: () => registry.put({ id: '/web', tasks: [], raw: { padding: 'x'.repeat(33 * 2 ** 20) } }),
    fail() {
      registry.answerWith(() => page(502, 'Could not determine the current leader'))
      registry.streams.send('deployment_success', { id: 'd' })
    },
    deny() {
      registry.answerWith(() => json(401, { message: 'Invalid username or password.' }))
      registry.streams.send('deployment_success', { id: 'd' })
    },
    recover: () => registry.recover(),
    asked: () => registry.seen.length,
  }
}

function task({ id, host, port, zone, health, draining }: Written): TaskSpec {
  return { id, host, ports: [port], state: draining === true ? 'TASK_KILLING' : 'TASK_RUNNING', alive: health !== 'critical', ...(zone === undefined ? {} : { zone }) }
}

// Labels are the app's: the last instance that has any says them for all.
function labelsOf(instances: readonly Written[]): Record<string, string> {
  const { meta, tags, weight } = instances.findLast((each) => each.meta !== undefined) ?? {}
  return { ...meta, ...(tags === undefined ? {} : { 'fairlead.tags': tags.join(',') }), ...(weight === undefined ? {} : { 'fairlead.weight': String(weight) }) }
}

discovererSuite('marathon', { emptiness: ['absent', 'empty'], tellsDraining: true, statesLists: false, labelsServices: true }, bench)
