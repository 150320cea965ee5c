// What every entry of the list of adapters says of its options.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { adapters } from '../../../discovery/list.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
}

/** Options that name files, by what they are called everywhere: `tokenFile`, and the three of `tls`. */
function filesIn({ properties = {} }: Shape, before = ''): readonly string[] {
  return Object.entries(properties).flatMap(([key, shape]) => [...(key.endsWith('File') || (before === 'tls.' && ['ca', 'cert', 'key'].includes(key)) ? [`${before}${key}`] : []), ...filesIn(shape, `${before}${key}.`)])
}

test.each(adapters.map((adapter) => [adapter.type, adapter] as const))('%s: every option that names a file is relative to the configuration file', (type, { schema, paths = [] }) => {
  const files = filesIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape)
  // DNS has no secrets, and a folder of files names itself.
  expect(files.length > 0).toBe(type !== 'srv' && type !== 'file')
  expect(paths).toEqual(expect.arrayContaining([...files]))
})

test.each([
  ['consul', { zoneKey: 'fairlead.zone' }, ['fairlead.zone']],
  // Its adapter takes them out of the tags.
  ['nomad', {}, []],
  ['marathon', { address: 'http://m:8080' }, ['fairlead.weight', 'fairlead.tags']],
  ['eureka', { address: 'http://e:8761/eureka', weightKey: 'fairlead.weight' }, ['fairlead.weight', 'zone', 'tags']],
])('%s: which labels say something of an instance', (type, options, meant) => {
  const adapter = adapters.find((each) => each.type === type)
  expect(adapter?.catalog?.(type, options, fakePlatform()).meant).toEqual(meant)
})
