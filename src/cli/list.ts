// Every command, in the order of the overview.
import { collectBriefly } from '../node/brief-collections.ts'
import type { Command } from './command.ts'

export const commands: readonly Command[] = [
  {
    name: 'run',
    summary: 'run the gateway',
    load: async () => {
      // Before what the gateway is made of is loaded: that alone makes V8's young generation larger than it may be.
      collectBriefly()
      const { run, RUN_USAGE } = await import('./run.ts')
      return { run, usage: RUN_USAGE }
    },
  },
  {
    name: 'check',
    summary: 'find what is wrong with a configuration, and run its tests',
    load: async () => {
      const { check, CHECK_USAGE } = await import('./check.ts')
      return { run: check, usage: CHECK_USAGE }
    },
  },
  {
    name: 'explain',
    summary: 'say what happens to a request and why',
    load: async () => {
      const { explain, EXPLAIN_USAGE } = await import('./explain.ts')
      return { run: explain, usage: EXPLAIN_USAGE }
    },
  },
  {
    name: 'routes',
    summary: 'list the routes of a running gateway',
    load: async () => {
      const { routes, ROUTES_USAGE } = await import('./routes.ts')
      return { run: routes, usage: ROUTES_USAGE }
    },
  },
  {
    name: 'endpoints',
    summary: 'list its endpoints with origin, health and age',
    load: async () => {
      const { endpoints, ENDPOINTS_USAGE } = await import('./endpoints.ts')
      return { run: endpoints, usage: ENDPOINTS_USAGE }
    },
  },
  {
    name: 'routes push',
    summary: 'check a table and publish it to Redis',
    load: async () => {
      const [{ routesPush, PUSH_USAGE }, { pushRules }] = await Promise.all([import('./routes-push.ts'), import('./push-rules.ts')])
      return { run: (args, io) => routesPush(args, io, pushRules), usage: PUSH_USAGE }
    },
  },
  {
    name: 'routes history',
    summary: 'list the versions in Redis',
    load: async () => {
      const { routesHistory, HISTORY_USAGE } = await import('./routes-history.ts')
      return { run: routesHistory, usage: HISTORY_USAGE }
    },
  },
  {
    name: 'routes rollback',
    summary: 'publish an earlier version again',
    load: async () => {
      const { routesRollback, ROLLBACK_USAGE } = await import('./routes-rollback.ts')
      return { run: routesRollback, usage: ROLLBACK_USAGE }
    },
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async () => {
      const { version, VERSION_USAGE } = await import('./version.ts')
      return { run: version, usage: VERSION_USAGE }
    },
  },
]
