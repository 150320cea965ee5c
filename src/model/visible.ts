// Texts of registries, stores and peers on a terminal or a page: what would move the cursor, colour the screen or turn the order of
// letters is written out, since whoever registers a service must not speak through the operator's screen.

/** A line with every control and format character but line ends and tabs as `\uXXXX`, which means the same within JSON. The admin page has this very function, by its source. */
export function visible(line: string): string {
  return line.replace(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu, (character) => character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''))
}

/** A text of at most so many characters; one that was longer ends in `…`. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
