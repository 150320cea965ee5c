// A file system in memory whose modification times are the platform's, so that tests of files need no disk and no time.
import type { FileAccess, FileStat } from '../../discovery/file/access.ts'
import type { FakePlatform } from './fake-platform.ts'

export interface FakeFiles extends FileAccess {
  /** Creates or replaces a file, as a rename does: with a new inode. */
  write(path: string, content: string): void
  remove(path: string): void
  /** Puts a pipe, a socket or a device there. */
  special(path: string): void
  link(path: string, target: string): void
  /** Makes every access fail with this code, or none. */
  break(code: string | undefined): void
  /** How often the file system was asked. */
  asked(): number
}

interface Entry {
  readonly content: string
  readonly stat: FileStat
}

/** An empty file system with the given directories. */
export function fakeFiles(platform: FakePlatform, directories: readonly string[]): FakeFiles {
  const files = new Map<string, Entry>()
  const links = new Map<string, string>()
  let inode = 10
  let code: string | undefined
  let asked = 0
  const enter = (path: string): string => {
    asked++
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${path}`), { code })
    return links.get(path) ?? path
  }
  const known = (path: string): string | undefined => (files.has(path) || directories.includes(path) ? path : undefined)
  return {
    stat: async (path) => {
      const real = enter(path)
      return files.get(real)?.stat ?? (directories.includes(real) ? { kind: 'directory', modified: 0, size: 0, inode: 1 } : undefined)
    },
    read: async (path, maxBytes) => {
      const entry = files.get(enter(path))
      if (entry !== undefined && entry.content.length > maxBytes) throw new Error(`${path} is longer than ${maxBytes} bytes`)
      return entry?.content
    },
    resolve: async (path) => known(enter(path)),
    write: (path, content) => void files.set(path, { content, stat: { kind: 'file', modified: platform.wallClock(), size: content.length, inode: ++inode } }),
    special: (path) => void files.set(path, { content: '', stat: { kind: 'other', modified: 0, size: 0, inode: ++inode } }),
    remove: (path) => void files.delete(path),
    link: (path, target) => void links.set(path, target),
    break: (next) => void (code = next),
    asked: () => asked,
  }
}
