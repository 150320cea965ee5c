// Tokens of HTTP (RFC 9110 section 5.6.2): names of header fields and cookies, and methods.

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** No listener takes a method with more characters. */
const LONGEST_METHOD = 32

export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** A token of at most 32 characters. */
export function isMethod(text: string): boolean {
  return text.length <= LONGEST_METHOD && isToken(text)
}
