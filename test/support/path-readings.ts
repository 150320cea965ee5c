// The paths that origins of different habits read out of one target: each decodes once and may, in any mixture, read a
// backslash as a slash, drop path parameters and what decoding made a query or a fragment, merge slashes, and remove dot segments before or after that.

/** Every reading of a target's path; the target is as it came on the wire. */
function pathReadings(target: string): Set<string> {
  const path = target.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/\?.*$/s, '')
  const habits = [slashes, dropParameters, merge, removeDots]
  const readings = new Set([path, decodeOnce(path)])
  // The set grows while it is walked, so that each mixture and order of the habits is reached; every habit shortens a path or leaves it, so it ends.
  for (const reading of readings) for (const habit of habits) readings.add(habit(reading))
  return readings
}

/** Whether any of those origins ends at the prefix or below it. */
export function couldReach(target: string, prefix: string): boolean {
  return [...pathReadings(target)].some((path) => path === prefix || path.startsWith(`${prefix}/`))
}

function decodeOnce(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/')
}

function dropParameters(path: string): string {
  return path.replaceAll(/[;?#][^/]*/g, '')
}

function merge(path: string): string {
  return path.replaceAll(/\/{2,}/g, '/')
}

function removeDots(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
