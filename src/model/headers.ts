// One flat list of header fields as received, with lower-cased lookup. It is not a WHATWG `Headers`: order, letter case
// and repeated fields survive. Each field is kept as its line, since most fields are passed on and never looked into.

/** Header fields of one message. */
export class HeaderList {
  /** For each field its lower-cased name, then `Name: value` and a line end, as it is sent. One list, since a request makes several of these. */
  private readonly fields: string[] = []

  /** Builds a list from `[name, value]` pairs; for tests, config and the edge. */
  static from(pairs: Iterable<readonly [string, string]>): HeaderList {
    const list = new HeaderList()
    for (const [name, value] of pairs) list.append(name, value)
    return list
  }

  get length(): number {
    return this.fields.length / 2
  }

  append(name: string, value: string): void {
    this.push(name, name.toLowerCase(), value)
  }

  /** Appends a field whose lower-cased name the caller already has. */
  push(name: string, key: string, value: string): void {
    // Not a template, which would ask of each part what it is.
    this.fields.push(key, name + ': ' + value + '\r\n')
  }

  /** Appends a whole line, which must be `Name: value\r\n` with exactly that white space. */
  pushLine(key: string, line: string): void {
    this.fields.push(key, line)
  }

  has(key: string): boolean {
    return this.find(key, 0) >= 0
  }

  /** The first value of a field, or undefined. `key` is lower case. */
  get(key: string): string | undefined {
    const at = this.find(key, 0)
    return at < 0 ? undefined : this.valueAt(at)
  }

  /** Every value of a field in order. Rules look at all of them (a second `X-Role` line must not hide behind the first). */
  getAll(key: string): string[] {
    const found: string[] = []
    for (let at = this.find(key, 0); at >= 0; at = this.find(key, at + 2)) found.push(this.valueAt(at))
    return found
  }

  /** Whether some value of a field is accepted. */
  some(key: string, accept: (value: string) => boolean): boolean {
    for (let at = this.find(key, 0); at >= 0; at = this.find(key, at + 2)) if (accept(this.valueAt(at))) return true
    return false
  }

  /** Replaces every field of that name by one. */
  set(name: string, value: string): void {
    this.remove(name.toLowerCase())
    this.append(name, value)
  }

  remove(key: string): void {
    if (this.has(key)) this.removeWhere((other) => other === key)
  }

  /** Removes the fields of which `drop`, given the lower-cased name, says so. */
  removeWhere(drop: (key: string) => boolean): void {
    const { fields } = this
    let kept = 0
    for (let i = 0; i < fields.length; i += 2) {
      const key = fields[i] as string
      if (drop(key)) continue
      if (kept < i) {
        fields[kept] = key
        fields[kept + 1] = fields[i + 1] as string
      }
      kept += 2
    }
    // Setting `length` would be a call into the engine.
    while (fields.length > kept) fields.pop()
  }

  /** The fields of which `keep`, given the lower-cased name, says so, as a list of its own. */
  select(keep: (key: string) => boolean): HeaderList {
    const copy = new HeaderList()
    const { fields } = this
    for (let i = 0; i < fields.length; i += 2) if (keep(fields[i] as string)) copy.pushLine(fields[i] as string, fields[i + 1] as string)
    return copy
  }

  clone(): HeaderList {
    return this.select(() => true)
  }

  /** All lines, as they are sent. */
  text(): string {
    const { fields } = this
    let text = ''
    for (let i = 1; i < fields.length; i += 2) text += fields[i] as string
    return text
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const { fields } = this
    for (let i = 0; i < fields.length; i += 2) yield [(fields[i + 1] as string).slice(0, (fields[i] as string).length), this.valueAt(i)]
  }

  /** Where the field of that name is at or after `from`, or -1. */
  private find(key: string, from: number): number {
    const { fields } = this
    for (let i = from; i < fields.length; i += 2) if (fields[i] === key) return i
    return -1
  }

  private valueAt(at: number): string {
    return (this.fields[at + 1] as string).slice((this.fields[at] as string).length + 2, -2)
  }
}
