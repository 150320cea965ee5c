// The version of this program, from its package.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** As in package.json, which is two levels above the sources and three above what is built from them. */
export const VERSION: string = (require(import.meta.url.endsWith('.js') ? '../../../package.json' : '../../package.json') as { version: string }).version
