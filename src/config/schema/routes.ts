// `routes`: what happens to the requests that match.
import { z } from 'zod'
import type { RetryConfig } from '../../model/route-config.ts'
import { isBodiless } from '../../model/request.ts'
import { Complaint } from '../complaint.ts'
import { normalHost } from '../host.ts'
import { readMethod } from '../match-text.ts'
import { to } from './destinations.ts'
import { headerRules, headerValues } from './header-rules.ts'
import { match } from './match.ts'
import { routeTest } from './route-tests.ts'
import { complain, duration, integer, maybe, oneOf, oneOrMany, plain, section, text } from './values.ts'

const rewrite = section({
  path: text((path) => {
    if (!path.startsWith('/') && !path.startsWith('{')) throw new Complaint(`the path '${path}' does not begin with a slash`, `write /${path}`)
    return path
  })
    .apply(maybe)
    .meta({ description: 'New path; `{name}` stands for a captured parameter, `{**}` for what `/**` matched.', samples: ['/v2/{id}', '/{**}'] }),
  host: text((host) => {
    const [, name = host, port = ''] = /^(.*?)(?::(\d+))?$/.exec(host) ?? []
    if (port !== '' && (Number(port) < 1 || Number(port) > 65_535)) throw new Complaint(`'${host}' has no port from 1 to 65535`)
    return normalHost(name) + (port === '' ? '' : `:${Number(port)}`)
  })
    .apply(maybe)
    .meta({ description: 'New host, sent to the endpoint as Host.', samples: ['words.internal'] }),
})

const STATUSES = [301, 302, 303, 307, 308] as const

const redirect = z.union([
  plain.transform((location) => ({ location, status: 302 as const })),
  section({
    location: plain.meta({ description: 'Where to: an URL or a path; `{name}` and `{**}` as in `rewrite.path`, and `{scheme}`, `{host}`, `{path}`, `{query}` of the request.', samples: ['https://words.example.com/{**}'] }),
    status: oneOf(...STATUSES).prefault(302).meta({ description: 'Status of the answer.' }),
  }),
])

const respond = section({
  status: integer(200, 599).prefault(200).meta({ description: 'Status of the answer.' }),
  body: z.string().prefault('').meta({ description: 'Body of the answer; none with status 204, 205 or 304.', samples: ['Down for maintenance.\n'] }),
  headers: headerValues.prefault({}).meta({ description: 'Headers of the answer.', samples: [{ 'content-type': 'text/plain; charset=utf-8' }] }),
}).transform((given, context) => {
  if (given.body !== '' && isBodiless(given.status)) complain(context, given, `an answer with status ${given.status} has no body`, 'leave out the body, or answer with 200', ['body'])
  return given
})

/** YAML reads a bare 429 as a number. */
const retryOn = z.union([z.literal(['connect', 'reset', 'timeout', '5xx', 'gateway-error', '429']), z.literal(429).transform(() => '429' as const)])
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']

const retry = section({
  attempts: integer(0, 10).prefault(1).meta({ description: 'Further tries after the first, 0 to 10.' }),
  on: oneOrMany(retryOn)
    .prefault(['connect', 'reset'])
    .meta({ description: 'What is tried again: `connect` (no connection), `reset` (closed before an answer), `timeout`, `5xx`, `gateway-error` (502, 503, 504), `429`.', samples: [['connect', '5xx']] }),
  perTry: duration.prefault('0s').meta({ description: 'Time for one try; `0s` for none but the timeout of the route.', samples: ['500ms'] }),
  methods: oneOrMany(text(readMethod)).prefault(IDEMPOTENT).meta({ description: 'Methods that may be sent again after something of them may have arrived.' }),
}).transform((given): RetryConfig => given)

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
  timeout: duration.prefault('15s').meta({ description: 'Time until the response head, over all tries; a request with a body has it from its last byte on. `0s` for none.' }),
  retry: retry.apply(maybe).meta({ description: 'Further tries on other endpoints. Without it only a failed connection is tried elsewhere.' }),
  upgrade: z.boolean().prefault(true).meta({ description: 'Whether protocol upgrades (WebSocket) pass.' }),
  tests: z.array(routeTest).prefault([]).meta({ description: 'Requests that must end at this route; `fairlead check` runs them.' }),
}).transform((given, context) => {
  const actions = [given.to, given.redirect, given.respond].filter((action) => action !== undefined).length
  // An unknown key beside it is the likelier reason, and has been said.
  if (actions !== 1 && context.issues.length === 0) complain(context, given, actions === 0 ? 'the route goes nowhere' : 'the route goes to more than one place', 'give one of to, redirect and respond')
  return given
})

/** A route whose destinations are still names. */
export type RouteBody = z.output<typeof route>
