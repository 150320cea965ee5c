// Compiles a route without its match: destinations with their shares, and the texts that captures go into.
import type { DestinationConfig, RouteConfig } from '../model/route-config.ts'
import type { Destination, Route } from '../model/route.ts'
import { type Captured, compileLocation } from './location.ts'
import { compileAnswerHeaders, compileHeaderRules, compileRewriteHost, compileRewritePath } from './rewrite.ts'
import type { TableScope } from './scope.ts'
import type { TemplateRules } from './template.ts'

/**
 * Compiles one route. `captured` are the names that every alternative of its match captures, so that a template never renders
 * a hole.
 */
export function compileRoute(config: RouteConfig, index: number, captured: Captured, scope: TableScope): Route {
  const at = `routes[${index}]`
  const { action, rewrite, requestHeaders, responseHeaders } = config
  const rules: TemplateRules = { names: captured.names, why: () => 'is not captured by every path of this route', looseBraces: false }
  const valueRules: TemplateRules = { ...rules, looseBraces: true }
  const rewriteHost = rewrite === undefined ? undefined : compileRewriteHost(rewrite, `${at}.rewrite.host`, scope)
  return {
    index,
    name: config.name,
    config,
    action: action.kind === 'respond' ? { ...action, headers: compileAnswerHeaders(action.headers, `${at}.action.headers`, scope) } : action,
    destinations: action.kind === 'forward' ? scope.destinations.get(action.to, () => compileDestinations(action.to, `${at}.action.to`, scope)) : [],
    ...(rewrite?.path === undefined ? {} : { rewritePath: compileRewritePath(rewrite.path, rules, `${at}.rewrite.path`, scope) }),
    ...(rewriteHost === undefined ? {} : { rewriteHost }),
    ...(action.kind === 'redirect' ? { location: compileLocation(action.location, captured, `${at}.action.location`, scope) } : {}),
    ...(requestHeaders === undefined ? {} : { requestHeaders: compileHeaderRules(requestHeaders, valueRules, `${at}.requestHeaders`, scope) }),
    ...(responseHeaders === undefined ? {} : { responseHeaders: compileHeaderRules(responseHeaders, valueRules, `${at}.responseHeaders`, scope) }),
  }
}

function compileDestinations(configs: readonly DestinationConfig[], at: string, scope: TableScope): readonly Destination[] {
  const sum = configs.reduce((total, { weight }) => total + weight, 0)
  if (!(sum > 0)) scope.problem(at, 'the weights sum to nothing: give at least one destination a weight above 0')
  let before = 0
  return configs.map((config, i) => {
    before += config.weight
    const service = findService(config, `${at}[${i}]`, scope)
    const label = config.subset === undefined ? config.service : `${config.service}/${config.subset}`
    // The division of equal numbers is exactly 1, so the last share reaches the end of the roll.
    return { service, label, ...(config.subset === undefined ? {} : { subset: config.subset }), weight: config.weight, upTo: before / sum }
  })
}

function findService({ service, subset }: DestinationConfig, at: string, scope: TableScope): number {
  const found = scope.services.get(service)
  if (found === undefined) scope.problem(at, `there is no service ${JSON.stringify(service)}`)
  else if (subset !== undefined && !Object.hasOwn(found.config.subsets, subset)) scope.problem(at, `service ${service} has no subset ${JSON.stringify(subset)}: it has ${Object.keys(found.config.subsets).join(', ') || 'none'}`)
  return found?.index ?? -1
}
