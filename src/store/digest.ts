// SHA-256 in the form in which it is written everywhere here: lower-case hex.

/** 64 hex digits. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  let text = ''
  for (const byte of digest) text += byte.toString(16).padStart(2, '0')
  return text
}

/** 64 hex digits over the UTF-8 of a text. */
export function sha256OfText(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text))
}
