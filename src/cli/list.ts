// Every command, in the order of the overview.
import { checkTable } from '../config/check.ts'
import { parseTable } from '../config/parse.ts'
import { VERSION } from '../node/version.ts'
import { check, CHECK_USAGE } from './check.ts'
import type { Command } from './command.ts'
import { endpoints, ENDPOINTS_USAGE } from './endpoints.ts'
import { explain, EXPLAIN_USAGE } from './explain.ts'
import { routes, ROUTES_USAGE } from './routes.ts'
import { HISTORY_USAGE, routesHistory } from './routes-history.ts'
import { PUSH_USAGE, type PushRules, routesPush } from './routes-push.ts'
import { ROLLBACK_USAGE, routesRollback } from './routes-rollback.ts'
import { run, RUN_USAGE } from './run.ts'

const pushRules: PushRules = {
  parse: (text, file) => parseTable(text, { file, ofConfig: true }),
  check: (table, text) => checkTable(table, text, { wallClock: Date.now() }).problems,
}

export const commands: readonly Command[] = [
  { name: 'run', summary: 'run the gateway', usage: RUN_USAGE, run },
  { name: 'check', summary: 'find what is wrong with a configuration, and run its tests', usage: CHECK_USAGE, run: check },
  { name: 'explain', summary: 'say what happens to a request and why', usage: EXPLAIN_USAGE, run: explain },
  { name: 'routes', summary: 'list the routes of a running gateway', usage: ROUTES_USAGE, run: routes },
  { name: 'endpoints', summary: 'list its endpoints with origin, health and age', usage: ENDPOINTS_USAGE, run: endpoints },
  { name: 'routes push', summary: 'check a table and publish it to Redis', usage: PUSH_USAGE, run: (args, io) => routesPush(args, io, pushRules) },
  { name: 'routes history', summary: 'list the versions in Redis', usage: HISTORY_USAGE, run: routesHistory },
  { name: 'routes rollback', summary: 'publish an earlier version again', usage: ROLLBACK_USAGE, run: routesRollback },
  {
    name: 'version',
    summary: 'print the version',
    usage: 'usage: fairlead version\n\nexample:\n  fairlead version',
    run: async (_args, io) => {
      io.out(`fairlead ${VERSION} (node ${process.versions.node})`)
      return 0
    },
  },
]
