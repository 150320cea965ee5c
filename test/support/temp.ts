// Directories for tests.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new directory, and how to remove it with all that is in it. */
export async function makeTempDirectory(): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-test-'))
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}
