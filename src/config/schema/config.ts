// The whole document as people write it. This schema is the one source of the types, the errors, fairlead.schema.json and
// docs/reference/config.md.
import { z } from 'zod'
import type { AccessLogConfig } from '../../model/config.ts'
import { prefixProblem } from '../../model/store-prefix.ts'
import { accessFormats } from '../../telemetry/list.ts'
import { readListenHost } from '../address.ts'
import { Complaint } from '../complaint.ts'
import { listen, listeners } from './listeners.ts'
import { route } from './routes.ts'
import { callers, services } from './services.ts'
import { duration, integer, maybe, named, oneOf, oneOrMany, plain, section, text } from './values.ts'

/** Options of a registry are checked by its adapter; `consul:` with nothing after it is a registry with defaults. */
const registry = z
  .union([z.null().transform(() => ({})), z.looseObject({ type: plain.apply(maybe).meta({ description: 'Kind of registry. Default: the name, when it is one.', samples: ['consul'] }) })])
  .transform((given): Record<string, unknown> => given)

/** Each form that the store takes; it alone knows what the rest of a group of Sentinels or a socket may be. */
const redisUrl = text((url) => {
  if (/^(?:rediss?\+sentinel|unix):\/\/./.test(url)) return url
  if (!/^rediss?:\/\//.test(url) || URL.parse(url) === null) throw new Complaint('not the URL of a Redis', 'write redis://127.0.0.1:6379 or rediss://…')
  return url
})

function readPrefix(prefix: string): string {
  const wrong = prefixProblem(prefix)
  if (wrong !== undefined) throw new Complaint(wrong)
  return prefix
}

const store = section({
  redis: redisUrl.meta({ description: 'URL of the Redis that holds the table: one server, a group behind Sentinels (`redis+sentinel://…`), or a socket (`unix://…`).', samples: ['redis://127.0.0.1:6379', 'redis+sentinel://s1:26379,s2:26379/main'] }),
  prefix: text(readPrefix).prefault('fairlead').meta({ description: 'Prefix of its keys.' }),
})

const admin = section({
  host: text(readListenHost).prefault('127.0.0.1').meta({ description: 'Address of the admin server.' }),
  port: integer(0, 65_535).prefault(9990).meta({ description: 'Its port; 0 picks a free one.' }),
  token: plain.apply(maybe).meta({ description: 'Needed for writes; without one they are refused.', samples: ['${FAIRLEAD_ADMIN_TOKEN}'] }),
})

const format = z.enum(['json', 'clf', 'off'])
const accessLog = z.union([
  format.transform((kind): AccessLogConfig => ({ format: kind, to: 'stdout' })),
  section({
    format: format.prefault('json').meta({ description: `${accessFormats.map(({ name, doc }) => `\`${name}\`: ${doc}`).join(' ')} \`off\`: none.` }),
    to: plain.prefault('stdout').meta({ description: '`stdout` or a file, relative to the configuration file.', samples: ['/var/log/fairlead/access.log'] }),
  }),
])

/** The keys of a table apart from its gateway: what Redis holds and `fairlead routes push` sends. */
const tableKeys = {
  $schema: z.string().apply(maybe).meta({ description: 'For editors; ignored.' }),
  version: oneOf(1).apply(maybe).meta({ description: 'Version of this format: 1.' }),
  callers: callers.apply(maybe),
  services: services.apply(maybe),
  routes: z.array(route).apply(maybe).meta({ description: 'Routes. Which one wins does not depend on the length of a text: see the precedence in the documentation; among equals the first.' }),
  allowEmpty: z.boolean().prefault(false).meta({ description: 'Take a document without routes; otherwise it is refused, since it is more often an accident.' }),
}

/** The table alone. */
export const tableDocument = section(tableKeys)

/** The whole document. */
export const configDocument = section({
  listen: listen.apply(maybe),
  listeners: listeners.apply(maybe),
  registries: named(registry).apply(maybe).meta({ description: 'Registries by name: where endpoints are looked up. The other keys of each are its own options.', samples: [{ consul: {} }] }),
  routesFrom: oneOrMany(plain).apply(maybe).meta({ description: 'Registries whose tags make routes, in order of precedence; see the reference of tags. The routes of this file and of `store` are declared before them.', samples: [['consul', 'nomad']] }),
  store: store.apply(maybe).meta({ description: 'Where the table lives besides this file.' }),
  admin: admin.prefault({}).meta({ description: 'The admin server: status, metrics, explain.' }),
  accessLog: accessLog.prefault('json').meta({ description: 'Access log: `json`, `clf`, `off`, or a map.', samples: ['clf', { format: 'json', to: 'access.log' }] }),
  workers: integer(0, 1024).prefault(0).meta({ description: 'Workers; 0 for one for each core.' }),
  zone: plain.apply(maybe).meta({ description: 'Zone of this gateway; endpoints in it are preferred.', samples: ['eu-1a'] }),
  explainSecret: plain.apply(maybe).meta({ description: 'Secret with which a signed request header may ask for its explanation.', samples: ['${FAIRLEAD_EXPLAIN_SECRET}'] }),
  stateDir: plain.prefault('.fairlead').meta({ description: 'Directory for the last good table and endpoints, relative to the configuration file.' }),
  stateMaxAge: duration.prefault('0s').meta({ description: 'Endpoints in `stateDir` that no registry has confirmed for longer are not used at a start. `0s`, the default, sets no limit; their age is shown.', samples: ['24h'] }),
  drainTimeout: duration.prefault('30s').meta({ description: 'Time that requests under way get at shutdown.' }),
  ...tableKeys,
})

/** What a person may write, as a type. */
export type UserConfig = z.input<typeof configDocument>
export type UserTable = z.input<typeof tableDocument>
/** The document with scalars in normal form and names not yet resolved. */
export type ConfigBody = z.output<typeof configDocument>
export type TableBody = z.output<typeof tableDocument>
