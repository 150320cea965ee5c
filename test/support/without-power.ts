// Running as a user like any other where the tests run as root, who may read everything.
import { chown } from 'node:fs/promises'

/** Of a user who owns nothing. */
const NOBODY = 65_534

/** Runs `act` as that user, who is given these files and directories first. */
export async function withoutPower(paths: readonly string[], act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return act()
  for (const path of paths) await chown(path, NOBODY, NOBODY)
  process.seteuid?.(NOBODY)
  try {
    await act()
  } finally {
    process.seteuid?.(0)
  }
}
