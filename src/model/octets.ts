// Header fields are bytes. Here they are texts with a character for each byte, as the engine reads and writes them; what people write
// beyond ASCII is UTF-8 on the wire (RFC 9110 section 5.5 leaves it to the field).

/** The UTF-8 of a text, a character for each octet: the form of values in `HeaderList`. Half a surrogate pair becomes U+FFFD. */
export function octetsOf(text: string): string {
  if (isAscii(text)) return text
  let octets = ''
  for (const octet of new TextEncoder().encode(text)) octets += String.fromCharCode(octet)
  return octets
}

/** The text that octets mean, for people and patterns; what is no UTF-8 becomes U+FFFD, as in a worker, where the runtime decodes. */
export function textOf(octets: string): string {
  if (isAscii(octets)) return octets
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(octets, (char) => char.charCodeAt(0)))
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text)
}
