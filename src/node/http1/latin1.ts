// The one call by which bytes become text here: a character for each byte, nothing decoded, nothing lost.

interface Latin1Bytes {
  latin1Slice(from: number, to: number): string
}

/** `bytes[from, to)` as latin1. Buffer's own `latin1Slice`, which its types leave out, skips the look-up of an encoding by name. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1Bytes).latin1Slice(from, to)
}
