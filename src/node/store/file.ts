// The file route store on Node, from its path.
import { resolve } from 'node:path'
import type { Platform } from '../../model/platform.ts'
import type { ParseTable } from '../../model/store.ts'
import { fileStore } from '../../store/file.ts'
import { fileView } from './file-view.ts'

export interface OpenFileOptions {
  readonly path: string
  readonly platform: Platform
  readonly parse: ParseTable
  /** Largest file in bytes. Default 32 MiB. */
  readonly limit?: number
}

/** Watches one file; origins are `file:` and its absolute path. */
export function openFileStore({ path, ...rest }: OpenFileOptions): ReturnType<typeof fileStore> {
  const absolute = resolve(path)
  return fileStore({ ...rest, path: absolute, view: fileView(absolute) })
}
