// The last good table in a file, written so that neither a crash nor a full disk nor a reader ever sees half of it.
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '../../model/error.ts'
import { sha256OfText } from '../../store/digest.ts'
import type { LastGood, LastGoodFile } from '../../store/last-good.ts'

/** Written at the start of each file; one of another number is not read. */
const FORMAT = 1
/** Larger ones are not ours: bytes. */
const LIMIT = 256 * 1024 * 1024

/** The last good table in `last-good-table.json` of a directory, which is made when it is missing. Mode 0600: tables may hold secrets. */
export function lastGoodFile(directory: string): LastGoodFile {
  const path = join(directory, 'last-good-table.json')
  return { load: () => load(path), save: (last) => save(path, last) }
}

async function load(path: string): Promise<LastGood | undefined> {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > LIMIT) throw new Error(`${path} has ${size} bytes, that is not a table of ours: delete it`)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  return parse(path, text)
}

async function parse(path: string, text: string): Promise<LastGood> {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw new Error(`${path} is damaged, it is not JSON: delete it`)
  }
  const fields = new Map<string, unknown>(Object.entries(typeof data === 'object' && data !== null ? data : {}))
  const [format, origin, savedAt, mark, body, sha256] = ['format', 'origin', 'savedAt', 'mark', 'text', 'sha256'].map((name) => fields.get(name))
  if (format !== FORMAT) throw new Error(`${path} has format ${String(format)} and this program reads ${FORMAT}: delete it`)
  if (typeof origin !== 'string' || typeof savedAt !== 'number' || typeof mark !== 'string' || typeof body !== 'string') throw new Error(`${path} is damaged, a field is missing: delete it`)
  const last = { origin, savedAt, mark, text: body }
  if (sha256 !== (await hash(last))) throw new Error(`${path} was changed after it was written, its hash is another: delete it`)
  return last
}

async function save(path: string, last: LastGood): Promise<void> {
  const directory = dirname(path)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.tmp`
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      await handle.writeFile(JSON.stringify({ format: FORMAT, ...last, sha256: await hash(last) }))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncDirectory(directory)
}

/** Makes the rename itself last; not every system can (Windows). */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

function hash({ origin, savedAt, mark, text }: LastGood): Promise<string> {
  return sha256OfText(JSON.stringify([origin, savedAt, mark, text]))
}
