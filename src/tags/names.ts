// Names of routes made from tags: what a service is called, in the letters that a route's name may have, and each once.

const LONGEST = 120

/** Gives names out, each once. */
export class Names {
  readonly #given = new Set<string>()

  /** The name in letters that a route may have, with a number when it is taken. */
  unique(wanted: string): string {
    const clean = wanted.replaceAll(/[^A-Za-z0-9_.:/@-]+/g, '_').replace(/^[^A-Za-z0-9_]+/, '_').slice(0, LONGEST)
    let name = clean
    for (let i = 2; this.#given.has(name); i++) name = `${clean}:${i}`
    this.#given.add(name)
    return name
  }
}
