// fairlead.schema.json: the user's shape for editors, out of the schema that parses it.
import { z } from 'zod'
import type { Adapter } from '../../discovery/adapter.ts'
import { configDocument } from '../../src/config/schema/config.ts'

/** A schema as JSON, as far as the pages here look at it. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly additionalProperties?: JsonSchema | boolean
}

/** What a person writes for a schema of zod. */
function inputSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    // zod leaves `examples` out of what is transformed, since it takes them for results; ours are what a person writes.
    override: ({ jsonSchema }) => {
      const { samples } = jsonSchema
      delete jsonSchema['samples']
      if (Array.isArray(samples)) jsonSchema.examples = samples
    },
  })
  const { $schema: _dialect, ...rest } = json as JsonSchema & { readonly $schema?: string }
  return rest
}

/** The whole of it. Options of a registry are those of its adapter. */
export function configJsonSchema(adapters: readonly Adapter[]): JsonSchema & { readonly $schema: string; readonly title: string } {
  const whole = inputSchema(configDocument)
  const registries = whole.properties?.['registries']
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Fairlead',
    ...whole,
    properties: { ...whole.properties, registries: { ...registries, additionalProperties: { anyOf: [{ type: 'null' }, ...adapters.map(registrySchema)] } } },
  }
}

/** Options of one kind of registry, with the `type` that every registry may have. */
export function registrySchema({ type, doc, schema }: Adapter): JsonSchema {
  const options = inputSchema(schema)
  const own: JsonSchema = { const: type, description: 'Kind of registry. Default: the name, when it is one.' }
  return { ...options, description: doc, properties: { type: own, ...options.properties } }
}
