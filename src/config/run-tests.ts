// Runs the tests written in a table through the code that decides real requests. A test fails unless every place where its
// request can end is expected: a split counts with each destination that has a weight.
import type { RouteTestConfig } from '../model/route-config.ts'
import { GatewayError } from '../model/error.ts'
import type { RequestHead } from '../model/request.ts'
import type { DecideContext, Entry, Route, Table } from '../model/route.ts'
import { arrivalOf } from '../proxy/arrival.ts'
import { describedHead } from '../proxy/described-head.ts'
import { explain } from '../route/explain.ts'
import type { CheckOptions } from './check.ts'
import { canonicalName } from './destination.ts'
import { suggest } from './nearest.ts'
import type { Finding } from './problems.ts'

/** A finding for each test that fails. */
export function runTests(table: Table, options: CheckOptions): Finding[] {
  return table.routes.flatMap((route) =>
    route.config.tests.flatMap((test, i): Finding[] => {
      const failure = runTest(table, route, test, options)
      return failure === undefined ? [] : [{ severity: 'error', path: ['routes', route.index, 'tests', i], ...failure }]
    }),
  )
}

type Failure = Pick<Finding, 'message' | 'hint'>

function runTest(table: Table, owner: Route, test: RouteTestConfig, options: CheckOptions): Failure | undefined {
  const context: DecideContext = { wallClock: test.at ?? options.wallClock, roll: 0 }
  let head: RequestHead
  try {
    const { method, url, headers, from, listener } = test
    const request = { method, url, headers, ...(from === undefined ? {} : { from }), ...(listener === undefined ? {} : { listener }) }
    const { listener: arrived, scheme } = arrivalOf(request, options.listeners ?? [])
    // Not whom the listener believes: a test says what the table is to see, and must say the same beside any gateway.
    head = describedHead(request, { callers: table.callers, listener: arrived, ...(scheme === undefined ? {} : { scheme }) })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { message: `the test cannot be run: ${error.message}` }
  }
  const entry = table.find(head, context)
  const wrong = endsOf(entry?.route).filter((end) => !test.expect.some((expected) => isExpected(expected, end, entry)))
  if (wrong.length === 0) return undefined
  const where = entry === undefined ? 'no route matches' : `it goes to ${wrong.join(' and ')} by the route ${entry.route.name}`
  return { message: `${describe(test)}: expected ${test.expect.join(' or ')}, but ${where}`, hint: whyNot(table, owner, test, head, context, entry) }
}

function describe({ method, url, from }: RouteTestConfig): string {
  return `${method} ${url}${from === undefined ? '' : ` from ${from}`}`
}

/** Every place where a request that this route wins can end, in the words of `expect`. */
function endsOf(route: Route | undefined): string[] {
  if (route === undefined) return ['none']
  const { action, destinations } = route
  if (action.kind === 'redirect') return ['redirect']
  if (action.kind === 'respond') return [`respond:${action.status}`]
  return destinations.filter(({ weight }) => weight > 0).map(({ label }) => label)
}

function isExpected(expected: string, end: string, entry: Entry | undefined): boolean {
  return isPlace(expected, end) || expected === `route:${entry?.route.name ?? ''}`
}

/** Whether this is what `expect` says, as `to` could write it as well. */
function isPlace(expected: string, end: string): boolean {
  return expected === end || canonicalName(expected) === end
}

/** The first condition that kept the expected route from winning; or the nearest right spelling of a place that no route has. */
function whyNot(table: Table, owner: Route, test: RouteTestConfig, head: RequestHead, context: DecideContext, entry: Entry | undefined): string | undefined {
  const expected = expectedRoute(table, owner, test, entry)
  if (expected === undefined) return misspelt(table, test)
  const loser = explain(table, head, context, { limit: Number.POSITIVE_INFINITY }).losers.find(({ route }) => route === expected.name)
  if (loser === undefined) return undefined
  if ('outranked' in loser) return `${expected.name} matches too but ranks after ${loser.outranked.by}: ${loser.outranked.because}`
  const { on, want, saw } = loser.failed
  return `${expected.name} does not match: ${on} must be ${want}, saw ${saw ?? 'nothing'}`
}

/** The route that was probably meant: one that ends where the test expects, best of all the one that the test stands in. */
function expectedRoute(table: Table, owner: Route, test: RouteTestConfig, entry: Entry | undefined): Route | undefined {
  const others = [owner, ...table.routes].filter((route) => route !== entry?.route)
  return others.find((route) => test.expect.some((expected) => expected === `route:${route.name}` || endsOf(route).some((end) => isPlace(expected, end))))
}

function misspelt(table: Table, test: RouteTestConfig): string | undefined {
  const places = ['none', ...new Set(table.routes.flatMap((route) => [...endsOf(route), `route:${route.name}`]))]
  const unknown = test.expect.find((expected) => !places.some((place) => isPlace(expected, place)))
  return unknown === undefined ? undefined : suggest(unknown, places)
}
