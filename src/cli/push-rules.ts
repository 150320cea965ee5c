// What a table must stand before it is published: the same as `fairlead check` asks of it.
import { adapters } from '../../discovery/list.ts'
import { checkTable } from '../config/check.ts'
import { parseTable } from '../config/parse.ts'
import type { PushRules } from './routes-push.ts'

export const pushRules: PushRules = {
  parse: (text, file) => parseTable(text, { file, ofConfig: true, adapters }),
  check: (table, text) => checkTable(table, text, { wallClock: Date.now() }).problems,
}
