// A file of the file system as a route store sees it.
import { watch } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../model/error.ts'
import type { FileView } from '../../store/file-view.ts'

/** Looks at `path`, following symbolic links at each look, so that a swapped link (as with mounted ConfigMaps) is a change. */
export function fileView(path: string): FileView {
  return {
    async stat() {
      try {
        const found = await stat(path, { bigint: true })
        if (!found.isFile()) throw new Error(`${path} is not a file`)
        return { key: `${found.mtimeNs}-${found.size}-${found.ino}-${found.dev}`, modified: Number(found.mtimeNs / 1_000_000n) }
      } catch (error) {
        const code = codeOf(error)
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
        throw readable(path, error)
      }
    },
    async read(limit) {
      try {
        const handle = await open(path, 'r')
        try {
          return await readUpTo(handle, limit + 1)
        } finally {
          await handle.close()
        }
      } catch (error) {
        throw readable(path, error)
      }
    },
    hint(ring, signal) {
      if (signal.aborted) return
      try {
        // The directory, since a watch on the file itself ends with the rename that replaces it.
        const watcher = watch(dirname(path), { persistent: false, signal }, ring)
        watcher.on('error', ring)
      } catch {
        // No watches left, or none on this file system: polling does it.
      }
    },
  }
}

async function readUpTo(handle: Awaited<ReturnType<typeof open>>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await handle.stat()
  // One byte more than the size tells a file that grew since.
  let buffer = new Uint8Array(Math.min(most, size + 1))
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (bytesRead === 0 || length === most) return buffer.slice(0, length)
    if (length < buffer.length) continue
    const larger = new Uint8Array(Math.min(most, buffer.length * 2))
    larger.set(buffer)
    buffer = larger
  }
}

function readable(path: string, error: unknown): Error {
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM') return new Error(`${path} may not be read by this user: correct its mode or owner`, { cause: error })
  return error instanceof Error ? error : new Error(String(error))
}
