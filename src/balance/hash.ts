// The hash that keeps a key on one endpoint: MurmurHash3 (x86, 32 bit) over the UTF-16 code units of a text, little endian.
// It is the same on every runtime and in every gateway, so all of them send one key to one endpoint.

/**
 * Hash of a text, 1 to 2^32 - 1. Never 0, which in `PickContext.hash` says that the request has no key.
 * Not for secrets: whoever chooses the text can choose the hash.
 */
export function hashString(text: string, seed = 0): number {
  const pairs = text.length & ~1
  let hash = seed | 0
  for (let i = 0; i < pairs; i += 2) hash = mixBlock(hash, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16))
  if (pairs < text.length) hash ^= scramble(text.charCodeAt(pairs))
  return mix(hash ^ (text.length * 2)) || 1
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51)
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}

/** Spreads the bits of a number over 32 (MurmurHash3's finaliser); one to one. */
export function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
