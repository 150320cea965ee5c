// `routes`: what happens to the requests that match.
import { z } from 'zod'
import type { HeaderRulesConfig, RetryConfig } from '../../model/config.ts'
import { Complaint } from '../complaint.ts'
import { normalHost } from '../host.ts'
import { readMethod } from '../match-text.ts'
import { readInstant, readShare } from '../quantities.ts'
import { match } from './match.ts'
import { duration, integer, maybe, oneOrMany, plain, readInteger, section, text } from './values.ts'

/** `to` as written, with weights in one scale. */
type WeightedName = { readonly service: string; readonly weight: number }

const weight = z.union([
  z.int().min(0).max(65_535).transform((value) => ({ value, share: false })),
  text((written) => (written.endsWith('%') ? { value: readShare(written), share: true } : { value: readInteger(written, 0, 65_535), share: false })),
])

const weighted = section({
  service: plain.meta({ description: 'A destination as in `to`.', samples: ['words/v2'] }),
  weight: weight.prefault(1).meta({ description: 'A whole number from 0 to 65535 relative to the others, or a share; shares must add up to 100%.', samples: [95, '5%'] }),
})

const destination = z.union([plain.transform((service) => ({ service, weight: { value: 1, share: false } })), weighted])

const destinations = z
  .array(destination)
  .min(1)
  .transform((list, context): WeightedName[] => {
    const shares = list.filter((one) => one.weight.share).length
    const sum = list.reduce((total, one) => total + one.weight.value, 0)
    const complain = (message: string, hint: string): number => context.issues.push({ code: 'custom', message, input: list, params: { hint } })
    if (shares > 0 && shares < list.length) complain('shares and plain weights are mixed', 'give every destination a share, or none')
    else if (shares > 0 && sum !== 10_000) complain(`the shares add up to ${sum / 100}%`, 'they must add up to 100%')
    else if (sum === 0) complain('the weights sum to nothing: no request could go anywhere', 'give at least one destination a weight above 0')
    return list.map((one) => ({ service: one.service, weight: one.weight.value }))
  })

const to = z.union([plain.transform((service): WeightedName[] => [{ service, weight: 1 }]), destinations])

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const OURS: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'host'])

function readHeaderName(name: string): string {
  if (!TOKEN.test(name)) throw new Complaint(`'${name}' is not a header name`)
  if (name.toLowerCase() === 'host') throw new Complaint('Host is not changed as a header', 'write rewrite: { host: … }')
  if (OURS.has(name.toLowerCase())) throw new Complaint(`${name} belongs to the connection, the gateway writes it`, 'leave it out')
  return name
}

function readHeaderValue(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) throw new Complaint('the value holds a control character', 'a header is one line')
  return value.trim()
}

const headerValues = z.record(z.string(), oneOrMany(text(readHeaderValue))).transform((given, context) => {
  const pairs: (readonly [string, string])[] = []
  for (const [written, values] of Object.entries(given)) {
    try {
      const name = readHeaderName(written)
      for (const value of values) pairs.push([name, value])
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: given, path: [written], params: { hint: error.hint } })
    }
  }
  return pairs
})

const headerRules = section({
  set: headerValues.apply(maybe).meta({ description: 'Headers that replace all of that name.', samples: [{ 'x-user-id': '{id}' }] }),
  add: headerValues.apply(maybe).meta({ description: 'Headers put beside those of that name.', samples: [{ via: 'fairlead' }] }),
  remove: oneOrMany(text((name) => readHeaderName(name).toLowerCase()))
    .apply(maybe)
    .meta({ description: 'Names of headers taken away, before `set` and `add`.', samples: [['x-debug']] }),
}).transform(({ set, add, remove }): HeaderRulesConfig => ({ set: set ?? [], add: add ?? [], remove: remove ?? [] }))

const rewrite = section({
  path: text((path) => {
    if (!path.startsWith('/') && !path.startsWith('{')) throw new Complaint(`the path '${path}' does not begin with a slash`, `write /${path}`)
    return path
  })
    .apply(maybe)
    .meta({ description: 'New path; `{name}` stands for a captured parameter, `{**}` for what `/**` matched.', samples: ['/v2/{id}', '/{**}'] }),
  host: text((host) => {
    const parts = /^(.*?)(:\d{1,5})?$/.exec(host)
    return normalHost(parts?.[1] ?? host) + (parts?.[2] ?? '')
  })
    .apply(maybe)
    .meta({ description: 'New host, sent to the endpoint as Host.', samples: ['words.internal'] }),
})

const STATUSES = [301, 302, 303, 307, 308] as const

const redirect = z.union([
  plain.transform((location) => ({ location, status: 302 as const })),
  section({
    location: plain.meta({ description: 'Where to: an URL or a path; `{name}` and `{**}` as in `rewrite.path`.', samples: ['https://words.example.com/{**}'] }),
    status: z.literal(STATUSES).prefault(302).meta({ description: 'Status of the answer.' }),
  }),
])

const respond = section({
  status: integer(200, 599).prefault(200).meta({ description: 'Status of the answer.' }),
  body: z.string().prefault('').meta({ description: 'Body of the answer.', samples: ['Down for maintenance.\n'] }),
  headers: headerValues.prefault({}).meta({ description: 'Headers of the answer.', samples: [{ 'content-type': 'text/plain; charset=utf-8' }] }),
})

/** YAML reads a bare 429 as a number. */
const retryOn = z.union([z.enum(['connect', 'reset', 'timeout', '5xx', 'gateway-error']), z.literal([429, '429']).transform(() => '429' as const)])
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']

const retry = section({
  attempts: integer(0, 10).prefault(1).meta({ description: 'Further tries after the first, 0 to 10.' }),
  on: oneOrMany(retryOn)
    .prefault(['connect', 'reset'])
    .meta({ description: 'What is tried again: `connect` (no connection), `reset` (closed before an answer), `timeout`, `5xx`, `gateway-error` (502, 503, 504), `429`.', samples: [['connect', '5xx']] }),
  perTry: duration.prefault('0s').meta({ description: 'Time for one try; `0s` for none but the timeout of the route.', samples: ['500ms'] }),
  methods: oneOrMany(text(readMethod)).prefault(IDEMPOTENT).meta({ description: 'Methods that may be sent again after something of them may have arrived.' }),
}).transform((given): RetryConfig => given)

const routeTest = section({
  request: text((line) => {
    const parts = /^(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s+)?(\S+)$/.exec(line)
    if (parts === null) throw new Complaint(`'${line}' is not METHOD URL`, 'write GET words.example.com/one')
    return { method: readMethod(parts[1] ?? 'GET'), url: parts[2] as string }
  }).meta({ description: 'Method and URL; the scheme may be left out.', samples: ['GET words.example.com/one'] }),
  headers: headerValues.prefault({}).meta({ description: 'Headers of the request.', samples: [{ 'x-user': 'tester-1' }] }),
  from: plain.apply(maybe).meta({ description: 'Who calls: an address, or a name from `callers`.', samples: ['10.0.0.7', 'simon'] }),
  listener: plain.apply(maybe).meta({ description: 'Listener on which the request arrives. Default: the first.' }),
  at: text(readInstant).apply(maybe).meta({ description: 'When, for routes with `when`. Default: the moment of the check.', samples: ['2026-11-23T08:00:00Z'] }),
  expect: oneOrMany(plain).meta({ description: 'Where it may end: `service`, `service/subset`, `redirect`, `respond:404`, `route:NAME`, `none`. Each destination that a split can choose must be named.', samples: [['words/v1', 'words/v2'], 'none'] }),
}).transform(({ request, ...rest }) => ({ ...request, ...rest }))

function readRouteName(name: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.:/@-]{0,127}$/.test(name) || name in Object.prototype) throw new Complaint(`'${name}' is not a route name`, 'letters, digits and _ . : / @ -')
  return name
}

export const route = section({
  name: text(readRouteName).apply(maybe).meta({ description: 'Name in logs, metrics and explain. Default: `route-N`, its place in the list from 1.', samples: ['words-for-testers'] }),
  match,
  to: to.apply(maybe).meta({
    description: 'Where requests go: `registry/name`, `registry/name?tag=v2`, a service, `service/subset`, an URL, or a weighted list of these.',
    samples: ['consul/words', 'words/v2', 'http://127.0.0.1:7001', [{ service: 'words/v1', weight: 95 }, { service: 'words/v2', weight: 5 }]],
  }),
  redirect: redirect.apply(maybe).meta({ description: 'Answer with a redirect instead of `to`: a location, or a map.', samples: ['https://words.example.com/{**}'] }),
  respond: respond.apply(maybe).meta({ description: 'Answer without any service instead of `to`.', samples: [{ status: 404 }] }),
  priority: integer(-1000, 1000).prefault(0).meta({ description: 'A higher one wins before anything else is compared.' }),
  rewrite: rewrite.apply(maybe).meta({ description: 'Changes of the URL before it is sent on.' }),
  requestHeaders: headerRules.apply(maybe).meta({ description: 'Changes of the request headers; values may hold `{name}` captures.' }),
  responseHeaders: headerRules.apply(maybe).meta({ description: 'Changes of the response headers.' }),
  timeout: duration.prefault('15s').meta({ description: 'Time until the response head, over all tries; `0s` for none.' }),
  retry: retry.apply(maybe).meta({ description: 'Further tries on other endpoints. Without it only a failed connection is tried elsewhere.' }),
  upgrade: z.boolean().prefault(true).meta({ description: 'Whether protocol upgrades (WebSocket) pass.' }),
  tests: z.array(routeTest).prefault([]).meta({ description: 'Requests that must end at this route; `fairlead check` runs them.' }),
}).transform((given, context) => {
  const actions = [given.to, given.redirect, given.respond].filter((action) => action !== undefined).length
  if (actions !== 1) context.issues.push({ code: 'custom', message: actions === 0 ? 'the route goes nowhere' : 'the route goes to more than one place', input: given, params: { hint: 'give one of to, redirect and respond' } })
  return given
})

/** A route whose destinations are still names. */
export type RouteBody = z.output<typeof route>
