// What a route store needs of a file. On Node it is the file system (`src/node/store/file-view.ts`), in tests a variable.

/** What is known of a file without reading it. */
export interface FileStamp {
  /** Changes with the content: modification time, size and inode, following symbolic links. */
  readonly key: string
  /** Wall clock of the last modification, milliseconds. */
  readonly modified: number
}

/** Errors other than a missing file are thrown, with a message for people. */
export interface FileView {
  /** Undefined when there is none. */
  stat(): Promise<FileStamp | undefined>
  /** At most `limit + 1` bytes. */
  read(limit: number): Promise<Uint8Array<ArrayBuffer>>
  /** Rings when the file may have changed, until the signal is aborted. It may miss changes and may never ring. */
  hint(ring: () => void, signal: AbortSignal): void
}
