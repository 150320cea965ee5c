// What a table must stand before it is published: the same as `fairlead check` asks of it, and its tests arrive where they do there.
import process from 'node:process'
import { adapters } from '../../discovery/list.ts'
import { checkTable } from '../config/check.ts'
import { isTableText, listenersIn } from '../config/names.ts'
import { parseTable } from '../config/parse.ts'
import type { PushRules } from './routes-push.ts'

export const pushRules: PushRules = {
  parse: (text, file) => parseTable(text, { file, ofConfig: true, adapters }),
  check: (table, text) => checkTable(table, text, { wallClock: Date.now(), listeners: isTableText(text) ? [] : listenersIn(text, process.env) }).problems,
}
