// One flat list of header fields as received, with lower-cased lookup. It is not a WHATWG `Headers`: order, letter case
// and repeated fields survive. Each field is kept as its line, since most fields are passed on and never looked into.

/** Header fields of one message. */
export class HeaderList {
  /** Lower-cased names. */
  private readonly keys: string[] = []
  /** `Name: value` and a line end, as it is sent. */
  private readonly lines: string[] = []

  /** Builds a list from `[name, value]` pairs; for tests, config and the edge. */
  static from(pairs: Iterable<readonly [string, string]>): HeaderList {
    const list = new HeaderList()
    for (const [name, value] of pairs) list.append(name, value)
    return list
  }

  get length(): number {
    return this.keys.length
  }

  append(name: string, value: string): void {
    this.push(name, name.toLowerCase(), value)
  }

  /** Appends a field whose lower-cased name the caller already has. */
  push(name: string, key: string, value: string): void {
    this.keys.push(key)
    // Not a template, which would ask of each part what it is.
    this.lines.push(name + ': ' + value + '\r\n')
  }

  /** Appends a whole line, which must be `Name: value\r\n` with exactly that white space. */
  pushLine(key: string, line: string): void {
    this.keys.push(key)
    this.lines.push(line)
  }

  has(key: string): boolean {
    return this.keys.indexOf(key) >= 0
  }

  /** The first value of a field, or undefined. `key` is lower case. */
  get(key: string): string | undefined {
    const at = this.keys.indexOf(key)
    return at < 0 ? undefined : this.valueAt(at)
  }

  /** Every value of a field in order. Rules look at all of them (a second `X-Role` line must not hide behind the first). */
  getAll(key: string): string[] {
    const found: string[] = []
    for (let i = 0; i < this.keys.length; i++) if (this.keys[i] === key) found.push(this.valueAt(i))
    return found
  }

  /** Whether some value of a field is accepted. */
  some(key: string, accept: (value: string) => boolean): boolean {
    for (let i = this.keys.indexOf(key); i >= 0; i = this.keys.indexOf(key, i + 1)) if (accept(this.valueAt(i))) return true
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
    const { keys, lines } = this
    let kept = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string
      if (drop(key)) continue
      if (kept < i) {
        keys[kept] = key
        lines[kept] = lines[i] as string
      }
      kept++
    }
    if (kept < keys.length) keys.length = lines.length = kept
  }

  /** The fields of which `keep`, given the lower-cased name, says so, as a list of its own. */
  select(keep: (key: string) => boolean): HeaderList {
    const copy = new HeaderList()
    for (let i = 0; i < this.keys.length; i++) if (keep(this.keys[i] as string)) copy.pushLine(this.keys[i] as string, this.lines[i] as string)
    return copy
  }

  clone(): HeaderList {
    return this.select(() => true)
  }

  /** All lines, as they are sent. */
  text(): string {
    const { lines } = this
    let text = ''
    for (let i = 0; i < lines.length; i++) text += lines[i] as string
    return text
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.keys.length; i++) yield [(this.lines[i] as string).slice(0, (this.keys[i] as string).length), this.valueAt(i)]
  }

  private valueAt(at: number): string {
    return (this.lines[at] as string).slice((this.keys[at] as string).length + 2, -2)
  }
}
