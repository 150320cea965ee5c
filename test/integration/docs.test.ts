// What is generated from the code stands in the repository as the code says it, and the examples in it are right.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { adapters } from '../../discovery/list.ts'
import { generated } from '../../scripts/docs/generated.ts'
import { configJsonSchema, type JsonSchema } from '../../scripts/docs/json-schema.ts'
import { readDocument } from '../../src/config/document.ts'
import { configDocument } from '../../src/config/schema/config.ts'

const root = new URL('../../', import.meta.url)
const fixture = (name: string): unknown => readDocument(readFileSync(new URL(`test/fixtures/config/${name}`, root), 'utf8')).source?.value

test.each([...generated()])('%s is what `npm run docs` writes', (file, text) => {
  expect(readFileSync(new URL(file, root), 'utf8')).toBe(text)
})

describe('the schema', () => {
  const schema = configJsonSchema(adapters)

  test('describes every key', () => {
    const silent: string[] = []
    const visit = (at: string, { properties, items, anyOf, additionalProperties }: JsonSchema): void => {
      for (const [key, value] of Object.entries(properties ?? {})) {
        if (value.description === undefined || value.description === '') silent.push(`${at}.${key}`)
        visit(`${at}.${key}`, value)
      }
      for (const inner of [items, ...(anyOf ?? []), typeof additionalProperties === 'object' ? additionalProperties : undefined]) if (inner !== undefined) visit(at, inner)
    }
    visit('', schema)
    expect(silent).toEqual([])
  })

  test('takes what the parser takes, and refuses unknown keys', () => {
    const inEditor = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
    for (const name of ['smallest.yaml', 'fuller.yaml', 'checked.yaml']) expect([name, inEditor.safeParse(fixture(name)).error?.issues ?? []]).toEqual([name, []])
    expect(inEditor.safeParse({ listen: 8080, routes: [{ match: '/**', to: 'consul/x', timout: '1s' }] }).success).toBe(false)
    expect(inEditor.safeParse({ listen: 8080, registries: { consul: { adress: 'x' } }, routes: [] }).success).toBe(false)
  })

  test('gives examples that are right', () => {
    const wrong: unknown[] = []
    let seen = 0
    z.toJSONSchema(configDocument, {
      io: 'input',
      override: ({ zodSchema, jsonSchema }) => {
        for (const sample of (jsonSchema['samples'] as unknown[] | undefined) ?? []) {
          seen++
          if (!z.safeParse(zodSchema, sample).success) wrong.push(sample)
        }
      },
    })
    expect(wrong).toEqual([])
    expect(seen).toBeGreaterThan(50)
  })
})
