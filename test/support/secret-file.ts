// A file that holds a secret of the gateway, as whoever rotates it writes it.
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeTempDirectory } from './temp.ts'

/** Its path, and how to put another secret into it: beside it first, then renamed. */
export interface SecretFile {
  readonly path: string
  rotate(secret: string): Promise<void>
}

/** Gives `act` a file with this secret, and removes it in the end. */
export async function withSecretFile(secret: string, act: (file: SecretFile) => Promise<void>): Promise<void> {
  const { directory, remove } = await makeTempDirectory()
  const path = join(directory, 'secret')
  const rotate = async (next: string): Promise<void> => {
    await writeFile(join(directory, 'next'), `${next}\n`, { mode: 0o600 })
    await rename(join(directory, 'next'), path)
  }
  try {
    await rotate(secret)
    await act({ path, rotate })
  } finally {
    await remove()
  }
}
