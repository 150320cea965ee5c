// YAML takes the braces of `${NAME}` for a map inside `{ … }`. They are hidden from its reader behind characters of the
// private use area, one for one so that every place in the text stays true, and brought back in what it read.

const SHOWN = '{}[],#:'
const HIDDEN = '\uf8e0\uf8e1\uf8e2\uf8e3\uf8e4\uf8e5\uf8e6'
const REFERENCE = /\$\{[^{}\n]*\}/g

/** The text for the YAML reader. A text that uses the hiding characters itself is left as it is. */
export function hideReferences(text: string): string {
  if (!text.includes('${') || /[\uf8e0-\uf8e6]/.test(text)) return text
  return text.replace(REFERENCE, (reference) => reference.replace(/[{}[\],#:]/g, (character) => HIDDEN[SHOWN.indexOf(character)] ?? character))
}

/** What was written. */
export function showReferences(text: string): string {
  return text.replace(/[\uf8e0-\uf8e6]/g, (character) => SHOWN[HIDDEN.indexOf(character)] ?? character)
}
