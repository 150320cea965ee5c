// What every entry of the list of adapters says of its options.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { adapters } from '../../../discovery/list.ts'

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
}

/** Options that name files, by what they are called everywhere: `tokenFile`, and the three of `tls`. */
function filesIn({ properties = {} }: Shape, before = ''): readonly string[] {
  return Object.entries(properties).flatMap(([key, shape]) => [...(/File$/.test(key) || (before === 'tls.' && ['ca', 'cert', 'key'].includes(key)) ? [`${before}${key}`] : []), ...filesIn(shape, `${before}${key}.`)])
}

test.each(adapters.map((adapter) => [adapter.type, adapter] as const))('%s: every option that names a file is relative to the configuration file', (type, { schema, paths = [] }) => {
  const files = filesIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape)
  // DNS has no secrets, and a folder of files names itself.
  expect(files.length > 0).toBe(type !== 'srv' && type !== 'file')
  expect(paths).toEqual(expect.arrayContaining([...files]))
})
