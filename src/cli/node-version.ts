// The oldest Node that this program runs on. An older one would fail at some step, with an error that names no reason.

/** As `engines` of package.json. */
export const OLDEST_NODE = '22.19'

/** What to tell whoever runs an older one; undefined when `version` will do. */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor) ? undefined : `fairlead: this is Node ${version}, and ${OLDEST_NODE} or newer is needed`
}
