// YAML takes the braces of `${NAME}` and `/users/{id}` for a map inside `{ … }`. They are hidden from its reader behind
// characters of the private use area, one for one so that every place in the text stays true, and brought back in what it read.

const SHOWN = '{}[],#:'
const HIDDEN = '\uf8e0\uf8e1\uf8e2\uf8e3\uf8e4\uf8e5\uf8e6'
/** A reference (its default without quotes, which end a text), or a capture directly behind a character after which no map can begin. */
const BRACES = /\$\{[^{}\n"']*\}|(?<=[\w/.=&%+~@}-])\{(?:[A-Za-z_]\w*|\*\*)\}/g

/** The text for the YAML reader. A text that uses the hiding characters itself is left as it is. */
export function hideBraces(text: string): string {
  if (!text.includes('{') || /[\uf8e0-\uf8e6]/.test(text)) return text
  return text.replace(BRACES, (braces) => braces.replace(/[{}[\],#:]/g, (character) => HIDDEN[SHOWN.indexOf(character)] ?? character))
}

/** What was written. */
export function showBraces(text: string): string {
  return text.replace(/[\uf8e0-\uf8e6]/g, (character) => SHOWN[HIDDEN.indexOf(character)] ?? character)
}
