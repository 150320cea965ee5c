// What a registry is to know us by: written in its options, or in a file that is read again before each use, so that one
// which was rotated is used without a restart.
import type { FileAccess } from './file/access.ts'

/** Where a secret is. */
export interface SecretPlace {
  /** The option that holds it. `NAMEFile` is the one that names its file. */
  readonly name: 'token' | 'password' | 'auth'
  /** What the option holds; the file, where there is one, comes first. */
  readonly written: string | undefined
  readonly file: string | undefined
  /** Bytes of the file at most. */
  readonly most: number
  /** What to use where there are no files; default `name`. */
  readonly instead?: string
  /** Whether a text can be the secret, where not every one can. It is trimmed and not empty. */
  readonly fits?: (text: string) => boolean
  /** What is wrong when the file has no such text, for people. */
  readonly missing?: (file: string) => string
}

/**
 * Gives the secret each time it is called, or undefined where none is configured. Rejects when the file cannot be read or has none.
 * Throws at once where the runtime has no files and one is named.
 */
export function createSecret(registry: string, place: SecretPlace, files: FileAccess | undefined): () => Promise<string | undefined> {
  const { name, written, file, most, instead = name, fits = () => true, missing = (path) => `the ${name} file ${path} is missing or empty` } = place
  if (file === undefined) return async () => written
  if (files === undefined) throw new Error(`registry ${registry}: ${name}File needs files, which this runtime has not; use ${instead}`)
  return async () => {
    const text = (await files.read(file, most))?.trim()
    if (text === undefined || text === '' || !fits(text)) throw new Error(missing(file))
    return text
  }
}
