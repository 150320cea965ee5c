// docs/reference/config.md: every key with its type, default, meaning and an example, out of the JSON schema.
import { stringify } from 'yaml'
import type { Adapter } from '../../discovery/adapter.ts'
import { NEEDS } from '../../discovery/needs.ts'
import { DIGITS } from '../../src/config/schema/values.ts'
import { configJsonSchema, type JsonSchema, registrySchema } from './json-schema.ts'

const INTRO = `# Configuration

One file in YAML or JSON. \`fairlead check FILE\` says everything that is wrong with it. Editors read \`fairlead.schema.json\`:
put \`# yaml-language-server: $schema=./fairlead.schema.json\` on the first line.

This page is made by \`npm run docs\` from the schema that parses the file.

## What holds everywhere

- A key that is not known is an error.
- Times are written with their unit (\`250ms\`, \`2s\`, \`5m\`, \`1h\`), sizes likewise (\`64KiB\`), shares in percent (\`10%\`). Files are relative to the
  configuration file. Where a list is asked for, one value alone will do.
- \`\${NAME}\` in a value stands for the environment variable, \`\${NAME:-default}\` for the default when it is missing or empty; a missing one
  without a default is an error. \`$\${\` stands for a plain \`\${\`. Inside \`{ … }\` Fairlead needs no quotes around it, nor around
  \`/users/{id}\`; other tools for YAML do. A table in Redis is not expanded: references there are errors.
- **Regular expressions** are RE2 syntax: they take time in proportion to the text, and have no look-around and no back-references.
  - In headers, query and cookies a text between slashes is one (\`/^tester-/\`), and it may match anywhere in the value. A plain text that begins and
    ends with a slash is written as one: \`/^\\/a\\/$/\`.
  - A host between slashes is one, since no host holds a slash. It must match the whole host.
  - A path is one when it begins with \`/^\` and ends with \`/\`: \`/^/v[0-9]+/.*$/\`. It must match the whole path. \`/foo/\` is the path \`/foo/\`.
- **Paths** are compared in the form that requests are brought into: non-ASCII letters as UTF-8 in percent-encoding, hex digits in upper
  case, unreserved characters decoded. So \`/caf\u00e9\` and \`/caf%c3%a9\` are one path. What no request can have then is an error: \`//\`, \`.\` and \`..\`
  segments, \`;\`, backslashes, and encoded slashes, backslashes and control characters.
- **Header values** beyond ASCII are UTF-8, both those that the gateway writes and those of headers and cookies that it compares.
- In the short form of a match, \`[METHODS ]host/path\`, the host may be missing (\`/health\`) and so may the path (\`*.example.com\`, any path).
- A destination that begins with the name of a service is that service; otherwise its first part must be a registry. A name cannot be both.
- A table of many thousand routes is read some ten times faster as JSON than as YAML; \`fairlead routes push\` stores it so.
- [precedence.md](precedence.md) says which of several matching routes wins.
`

/** The page. */
export function configPage(adapters: readonly Adapter[]): string {
  const schema = configJsonSchema(adapters)
  const writer = new Writer(schema.$defs ?? {})
  writer.section('Top level', '', schema)
  for (const adapter of adapters) writer.section(`\`registries.NAME\` of type \`${adapter.type}\``, 'registries.NAME', registrySchema(adapter), `${adapter.doc} It needs ${adapter.needs.map((need) => NEEDS[need]).join(' and ')} of its runtime.\n\nA destination: \`${adapter.ref.example}\`.${refOptions(adapter)}`)
  return `${INTRO}\n${writer.text}`
}

function refOptions({ ref }: Adapter): string {
  const options = Object.entries(ref.options).map(([name, doc]) => `- \`?${name}=\` ${doc}`)
  return options.length === 0 ? '' : ` It may carry options:\n\n${options.join('\n')}`
}

/** Sections that would only repeat another. */
const REPEATED: ReadonlySet<string> = new Set(['registries.NAME', 'routes[].match.any[]'])

class Writer {
  text = ''
  readonly #defs: Readonly<Record<string, JsonSchema>>

  constructor(defs: Readonly<Record<string, JsonSchema>>) {
    this.#defs = defs
  }

  /** A table of the keys of a map, and a section for each map inside. `at` is the path so far, empty at the top. */
  section(title: string, at: string, schema: JsonSchema, about = ''): void {
    const properties = Object.entries(schema.properties ?? {})
    const rows = properties.map(([key, value]) => this.#row(key, value, schema.required?.includes(key) === true))
    this.text += `\n## ${title}\n\n${about === '' ? '' : `${about}\n\n`}| key | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
    for (const [key, value] of properties) for (const [path, inner] of this.#maps(value, at === '' ? key : `${at}.${key}`)) if (!REPEATED.has(path)) this.section(`\`${path}\``, path, inner, path.endsWith(key) ? '' : (value.description ?? ''))
  }

  #row(key: string, schema: JsonSchema, required: boolean): string {
    const fallback = schema.default === undefined || isEmpty(schema.default) ? (required ? '**required**' : '') : code(schema.default)
    const examples = (schema.examples ?? []).map(code).join(', ')
    const meaning = [schema.description ?? '', examples === '' ? '' : `For example ${examples}.`].filter((part) => part !== '').join(' ')
    return `| \`${key}\` | ${cell(this.#type(schema))} | ${cell(fallback)} | ${cell(meaning)} |`
  }

  #type(schema: JsonSchema): string {
    const name = schema.$ref?.split('/').at(-1)
    if (name !== undefined) return name
    if (schema.enum !== undefined) return schema.enum.map(code).join(' or ')
    if (schema.const !== undefined) return code(schema.const)
    if (schema.anyOf !== undefined) return this.#union(schema.anyOf)
    if (schema.type === 'array') return `list of ${this.#type(schema.items ?? {})}`
    if (schema.type === 'object') return schema.properties === undefined && typeof schema.additionalProperties === 'object' ? `map of ${this.#type(schema.additionalProperties)}` : 'map'
    if (schema.type === 'integer') return `number ${schema.minimum} to ${schema.maximum}`
    return schema.type === 'string' ? 'text' : schema.type === 'boolean' ? 'true or false' : (schema.type ?? 'anything')
  }

  /** One value or a list of such is told as a list. */
  #union(members: readonly JsonSchema[]): string {
    const types = members.filter(({ type, description }) => type !== 'null' && description !== DIGITS).map((member) => this.#type(member))
    const told = types.filter((type) => !types.includes(`list of ${type}`))
    return [...new Set(told)].join(' or ')
  }

  /** Maps with keys of their own inside a value, with their paths. */
  #maps(schema: JsonSchema, path: string): (readonly [string, JsonSchema])[] {
    if (schema.$ref !== undefined) return this.#maps(this.#defs[schema.$ref.split('/').at(-1) ?? ''] ?? {}, path)
    if (schema.properties !== undefined) return Object.keys(schema.properties).length === 0 ? [] : [[path, schema]]
    const inner = (schema.anyOf ?? []).flatMap((member) => this.#maps(member, path))
    if (schema.items !== undefined) inner.push(...this.#maps(schema.items, `${path}[]`))
    if (typeof schema.additionalProperties === 'object') inner.push(...this.#maps(schema.additionalProperties, `${path}.NAME`))
    return inner
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** A value as one writes it in YAML on one line. */
function code(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trim()
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
