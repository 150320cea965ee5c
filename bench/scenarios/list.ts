// Every scenario, in the order in which they are run and shown.
import type { Scenario } from '../scenario.ts'
import { download1m } from './download-1m.ts'
import { idle } from './idle.ts'
import { post64k } from './post-64k.ts'
import { routes } from './routes.ts'
import { smallGet } from './small-get.ts'
import { tlsSmallGet } from './tls-small-get.ts'
import { websocket } from './websocket.ts'

export const scenarios: readonly Scenario[] = [smallGet, tlsSmallGet, post64k, download1m, routes, websocket, idle]
