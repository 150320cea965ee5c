// Durations as people write them in configuration: `250ms`, `2s`, `5m`, `1h`.

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of `250ms`, `1.5s`, `5m` or `1h`; undefined when the text is none of these. A bare number has no unit and is refused. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(text)
  if (match === null) return undefined
  return Math.round(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1))
}
