// What a reader of one text throws when the text is wrong: what is wrong and what to write instead. The schema turns it into
// a problem with path, line and column.

/** A wrong text. Never leaves `src/config`: the parser reports it as a `Problem`. */
export class Complaint extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.name = 'Complaint'
    this.hint = hint
  }
}
