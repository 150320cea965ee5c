// The little of a file system that adapters read through; src/node gives it, a worker has none.

/** What decides whether a file is another one than before. */
export interface FileStat {
  /** `other` is what must not be opened: a pipe would be waited for without end. */
  readonly kind: 'file' | 'directory' | 'other'
  /** Milliseconds since the epoch, with fractions where the system has them. */
  readonly modified: number
  readonly size: number
  readonly inode: number
}

/** Reading files. A path that does not exist is undefined; every other trouble rejects with an error that has a `code` (`EACCES`). */
export interface FileAccess {
  stat(path: string): Promise<FileStat | undefined>
  /** The whole text as UTF-8; rejects when it is longer than `maxBytes`. */
  read(path: string, maxBytes: number): Promise<string | undefined>
  /** The path without symbolic links. */
  resolve(path: string): Promise<string | undefined>
}
