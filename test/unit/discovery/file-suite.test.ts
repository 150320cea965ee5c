// The file adapter in the shared suite, in JSON and in lines, over a file system in memory.
import { file } from '../../../discovery/file.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

function bench(): Bench {
  const platform = fakePlatform()
  const files = fakeFiles(platform, ['/e'])
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 1600,
    discoverer: (options = {}) => file.create('main', { path: '/e', ...options }, platform, { files }),
    put: (instances) => files.write('/e/web.json', JSON.stringify({ version: 1, instances })),
    vanish: () => files.remove('/e/web.json'),
    unknown: 'absent',
    putMalformed: (good) => files.write('/e/web.json', JSON.stringify({ version: 1, instances: [...good, { host: '10.0.0.9', port: 'http' }] })),
    strict: true,
    putHuge: () => files.write('/e/web.json', JSON.stringify({ version: 1, instances: many })),
    fail: () => files.break('EIO'),
    deny: () => files.break('EACCES'),
    recover: () => files.break(undefined),
    asked: () => files.asked(),
  }
}

const many: readonly Written[] = Array.from({ length: 10_001 }, (_, index) => ({ id: `i${index}`, host: `h${index}`, port: 80 }))

discovererSuite('file', { emptiness: ['absent'], tellsDraining: true, statesLists: true }, bench)
