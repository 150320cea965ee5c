// One flat list of header fields as received, with lower-cased lookup. It is not a WHATWG `Headers`: order, letter case
// and repeated fields survive, and building one costs two arrays.

/** Header fields of one message. `names[i]` is the name as received, `keys[i]` the same in lower case, `values[i]` its value. */
export class HeaderList {
  readonly names: string[] = []
  readonly keys: string[] = []
  readonly values: string[] = []

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
    this.names.push(name)
    this.keys.push(key)
    this.values.push(value)
  }

  has(key: string): boolean {
    return this.keys.indexOf(key) >= 0
  }

  /** The first value of a field, or undefined. `key` is lower case. */
  get(key: string): string | undefined {
    const at = this.keys.indexOf(key)
    return at < 0 ? undefined : this.values[at]
  }

  /** Every value of a field in order. Rules look at all of them (a second `X-Role` line must not hide behind the first). */
  getAll(key: string): string[] {
    const found: string[] = []
    for (let i = 0; i < this.keys.length; i++) if (this.keys[i] === key) found.push(this.values[i] as string)
    return found
  }

  /** Replaces every field of that name by one. */
  set(name: string, value: string): void {
    this.remove(name.toLowerCase())
    this.append(name, value)
  }

  remove(key: string): void {
    if (!this.has(key)) return
    let kept = 0
    for (let i = 0; i < this.keys.length; i++) {
      if (this.keys[i] === key) continue
      this.names[kept] = this.names[i] as string
      this.keys[kept] = this.keys[i] as string
      this.values[kept] = this.values[i] as string
      kept++
    }
    this.names.length = this.keys.length = this.values.length = kept
  }

  clone(): HeaderList {
    const copy = new HeaderList()
    for (let i = 0; i < this.keys.length; i++) copy.push(this.names[i] as string, this.keys[i] as string, this.values[i] as string)
    return copy
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.keys.length; i++) yield [this.names[i] as string, this.values[i] as string]
  }
}
