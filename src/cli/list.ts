// Every command, in the order of the overview.
import { adapters } from '../../discovery/list.ts'
import { parseTable } from '../config/parse.ts'
import { VERSION } from '../node/version.ts'
import type { Command } from './command.ts'
import { HISTORY_USAGE, routesHistory } from './routes-history.ts'
import { PUSH_USAGE, type PushRules, routesPush } from './routes-push.ts'
import { ROLLBACK_USAGE, routesRollback } from './routes-rollback.ts'
import { run, RUN_USAGE } from './run.ts'

const pushRules: PushRules = {
  parse: (text, file) => parseTable(text, { file, ofConfig: true, registries: adapters.map(({ type }) => type), listeners: [] }),
  check: () => [],
}

export const commands: readonly Command[] = [
  { name: 'run', summary: 'run the gateway', usage: RUN_USAGE, run },
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
