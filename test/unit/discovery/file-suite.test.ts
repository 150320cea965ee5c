// The file adapter in the shared suite, a file for each service and one for several, over a file system in memory.
import { file } from '../../../discovery/file.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

/** How the instances of one service are written. */
interface Form {
  /** Of the registry. */
  readonly path: string
  readonly file: string
  write(instances: readonly object[]): object
}

const forms = {
  directory: { path: '/e', file: '/e/web.json', write: (instances) => ({ version: 1, instances }) },
  one: { path: '/e/all.json', file: '/e/all.json', write: (instances) => ({ version: 1, services: { web: { instances }, other: { instances: [{ host: '10.9.9.9', port: 80 }] } } }) },
} satisfies Record<string, Form>

function bench({ path, file: place, write }: Form): Bench {
  const platform = fakePlatform()
  const files = fakeFiles(platform, ['/e'])
  const writeAll = (content: object): void => files.write(place, JSON.stringify(content))
  if (path !== '/e') writeAll({ version: 1, services: {} })
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 1600,
    discoverer: (options = {}) => file.create('main', { path, ...options }, platform, { files }),
    put: (instances) => writeAll(write(instances)),
    vanish: () => writeAll({ version: 1, services: {} }),
    unknown: 'absent',
    putMalformed: (good) => writeAll(write([...good, { host: '10.0.0.9', port: 'http' }])),
    strict: true,
    putHuge: () => writeAll(write(many)),
    fail: () => files.break('EIO'),
    deny: () => files.break('EACCES'),
    recover: () => files.break(undefined),
    asked: () => files.asked(),
  }
}

const many: readonly Written[] = Array.from({ length: 10_001 }, (_, index) => ({ id: `i${index}`, host: `h${index}`, port: 80 }))

// A file that is gone says nothing: its own tests are in file.test.ts.
discovererSuite('file', { emptiness: [], tellsDraining: true, statesLists: true }, () => bench(forms.directory))
discovererSuite('file (one for several services)', { emptiness: ['absent'], tellsDraining: true, statesLists: true }, () => bench(forms.one))
