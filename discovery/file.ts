// Files as a source of endpoints. They are looked at each second (which also works on NFS, bind mounts and ConfigMaps), and
// read once two looks agree, since writers that do not rename are seen half way.
import { codeOf, messageOf } from '../src/model/error.ts'
import type { Platform } from '../src/model/platform.ts'
import { refKey, type ServiceRef } from '../src/model/discoverer.ts'
import type { Adapter } from './adapter.ts'
import { createDiscoverer } from './discoverer.ts'
import type { FileAccess, FileStat } from './file/access.ts'
import { mayGoOn, parseEndpointsFile } from './file/format.ts'
import { fileOptions, type FileOptions } from './file/options.ts'
import { ACCESSES, inTurn } from './file/turns.ts'
import { needed } from './needs.ts'
import type { Ask, Reading } from './reading.ts'
import { createSlots } from './slots.ts'

const MAX_BYTES = 4 * 2 ** 20
/** Between two looks that must agree, milliseconds. */
const STILL = 100
/** More of it for a file that may end inside of a line, milliseconds: `80` may be the beginning of `8080`, and would get traffic at once. */
const UNFINISHED = 900
const LOOKS = 20

/** The file adapter. */
export const file: Adapter = {
  type: 'file',
  doc: 'Endpoints from files that a person or a script writes, looked at each second.',
  needs: ['files'],
  paths: ['path'],
  schema: fileOptions,
  ref: { example: 'file/words', options: {} },
  create(name, written, platform, capabilities = {}) {
    const options = fileOptions.parse(written)
    const files = needed('files', name, capabilities)
    const slots = createSlots(ACCESSES)
    const read = oneAtATime((ask: Ask, signal: AbortSignal) => readService({ options, files: inTurn(files, slots, signal), platform }, ask, signal))
    // A file that cannot be read is cheap to look at again.
    const source = { registry: name, needs: ['files' as const], read, changes: { kind: 'poll' as const, every: options.every }, strict: true, maxBackoff: options.every }
    return createDiscoverer(source, platform, options)
  },
}

type Read = (ask: Ask, signal: AbortSignal) => Promise<Reading>

// An access to a file system that hangs cannot be called back: nothing more is asked for a service until it has ended.
function oneAtATime(read: Read): Read {
  const underWay = new Map<string, Promise<unknown>>()
  return async (ask, signal) => {
    const key = refKey(ask.ref)
    await underWay.get(key)
    if (signal.aborted) return { kind: 'failed', message: 'the file system does not answer' }
    const work = read(ask, signal).finally(() => underWay.delete(key))
    underWay.set(key, work)
    return work
  }
}

interface Shelf {
  readonly options: FileOptions
  readonly files: FileAccess
  readonly platform: Platform
}

async function readService(shelf: Shelf, ask: Ask, signal: AbortSignal): Promise<Reading> {
  try {
    const path = await locate(shelf, ask)
    if (typeof path !== 'string') return path
    return await readFile(shelf, path, ask, signal)
  } catch (error) {
    const code = codeOf(error)
    return { kind: code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed', message: messageOf(error) }
  }
}

// Names come from routes, which others may write than who owns the directory: nothing outside it is opened.
async function locate({ options, files }: Shelf, ask: Ask): Promise<string | Reading> {
  const { ref } = ask
  const root = await files.resolve(options.path)
  const rootStat = root === undefined ? undefined : await files.stat(root)
  if (root === undefined || rootStat === undefined) return { kind: 'failed', message: `${options.path} does not exist` }
  if (rootStat.kind === 'file') return root
  if (rootStat.kind === 'other') return unreadable(options.path)
  if (ref.name.split('/').some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) return { kind: 'failed', message: `${ref.name} is no name of a file` }
  for (const candidate of [`${root}/${ref.name}`, `${root}/${ref.name}.json`]) {
    const path = await files.resolve(candidate)
    if (path === undefined) continue
    if (!path.startsWith(`${root}/`)) return { kind: 'failed', message: `${candidate} leads out of ${options.path}` }
    const kind = (await files.stat(path))?.kind
    if (kind === 'file') return path
    if (kind === 'other') return unreadable(candidate)
  }
  return gone(`${options.path} has no file ${ref.name} or ${ref.name}.json`, ask, options)
}

// An empty file is a statement, one that is gone is none: it was moved, or what writes it failed half way. It may be long until somebody sees that.
function gone(message: string, { known }: Ask, { allowEmpty }: FileOptions): Reading {
  if (allowEmpty || known.length === 0) return { kind: 'not-found', message }
  return { kind: 'failed', message: `${message}; what it had is kept. A file with \`# empty\`, or "empty": true, says that there is none` }
}

function unreadable(path: string): Reading {
  return { kind: 'failed', message: `${path} is neither a file nor a directory` }
}

async function readFile({ options, files, platform }: Shelf, path: string, ask: Ask, signal: AbortSignal): Promise<Reading> {
  let seen = await files.stat(path)
  if (seen !== undefined && ask.token === versionOf(path, seen)) return { kind: 'unchanged', token: ask.token }
  for (let look = 0; look < LOOKS && !signal.aborted; look++) {
    await platform.sleep(STILL, signal)
    const now = await files.stat(path)
    const content = seen !== undefined && now !== undefined && versionOf(path, seen) === versionOf(path, now) ? await files.read(path, MAX_BYTES) : undefined
    if (content !== undefined && mayGoOn(content)) await platform.sleep(UNFINISHED, signal)
    const after = await files.stat(path)
    if (content !== undefined && now !== undefined && after !== undefined && versionOf(path, now) === versionOf(path, after)) return understand(path, after, content, ask.ref, options)
    seen = after
  }
  return seen === undefined ? gone(`${path} is gone`, ask, options) : { kind: 'failed', message: `${path} keeps changing` }
}

function understand(path: string, stat: FileStat, content: string, ref: ServiceRef, options: FileOptions): Reading {
  const parsed = parseEndpointsFile(content, ref.name, options.allowEmpty)
  if (parsed.kind === 'bad') return { kind: 'failed', message: `${path}: ${parsed.reason}` }
  const token = versionOf(path, stat)
  if (parsed.kind === 'absent') return { kind: 'not-found', message: `${path} has no service ${ref.name}`, token }
  return { kind: 'listed', instances: parsed.instances, token, stated: parsed.stated }
}

function versionOf(path: string, stat: FileStat): string {
  return `${path} ${stat.inode} ${stat.modified} ${stat.size}`
}
