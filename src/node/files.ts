// Files for discovery adapters, on Node.
import { open, realpath, stat } from 'node:fs/promises'
import type { FileAccess } from '../../discovery/file/access.ts'
import { codeOf } from '../model/error.ts'

/** The file system of this machine. */
export const nodeFiles: FileAccess = {
  async stat(path) {
    const found = await unlessMissing(stat(path))
    return found && { kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other', modified: found.mtimeMs, size: found.size, inode: found.ino }
  },
  resolve: (path) => unlessMissing(realpath(path)),
  async read(path, maxBytes) {
    const handle = await unlessMissing(open(path, 'r'))
    if (handle === undefined) return undefined
    try {
      // One byte more than expected shows that the file grew, or is more than its size says (a device).
      const { size } = await handle.stat()
      const buffer = Buffer.alloc(Math.min(size, maxBytes) + 1)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      if (bytesRead > maxBytes) throw new Error(`${path} is longer than ${maxBytes} bytes`)
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead))
    } finally {
      await handle.close()
    }
  },
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
