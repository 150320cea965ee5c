// Traefik's rule language: matchers joined by &&, || and !, with parentheses, as alternatives of matchers that must all hold.
import { BadTag } from './dialect.ts'

/** One matcher: ``Host(`example.com`)``. */
export interface Term {
  readonly name: string
  readonly args: readonly string[]
}

/** Alternatives that a rule may have: an `&&` of long `||` lists multiplies them. */
const MAX_ALTERNATIVES = 64
const DEEPEST = 32

type Tree = { readonly kind: 'term'; readonly term: Term } | { readonly kind: 'and' | 'or'; readonly parts: readonly Tree[] } | { readonly kind: 'not'; readonly part: Tree }

/** Reads a rule into alternatives. Throws `BadTag` for what is no rule, and for what no match can express. */
export function readRule(rule: string): readonly (readonly Term[])[] {
  const reader = new RuleReader(rule)
  return alternatives(reader.whole(), false)
}

const SPACE = /\s*/y
const IDENTIFIER = /[A-Za-z]+/y
const STRING = /`([^`]*)`|"((?:[^"\\]|\\.)*)"/y

class RuleReader {
  readonly #rule: string
  #at = 0
  #depth = 0

  constructor(rule: string) {
    this.#rule = rule
  }

  whole(): Tree {
    const tree = this.#or()
    this.#skip()
    if (this.#at < this.#rule.length) throw this.#bad('something stands after the rule')
    return tree
  }

  #or(): Tree {
    const parts = [this.#and()]
    while (this.#eat('||')) parts.push(this.#and())
    return parts.length === 1 ? (parts[0] as Tree) : { kind: 'or', parts }
  }

  #and(): Tree {
    const parts = [this.#factor()]
    while (this.#eat('&&')) parts.push(this.#factor())
    return parts.length === 1 ? (parts[0] as Tree) : { kind: 'and', parts }
  }

  #factor(): Tree {
    if (++this.#depth > DEEPEST) throw new BadTag(`the rule is nested deeper than ${DEEPEST}`)
    try {
      if (this.#eat('!')) return { kind: 'not', part: this.#factor() }
      if (!this.#eat('(')) return { kind: 'term', term: this.#term() }
      const inner = this.#or()
      if (!this.#eat(')')) throw this.#bad('a parenthesis is not closed')
      return inner
    } finally {
      this.#depth--
    }
  }

  #term(): Term {
    this.#skip()
    const name = this.#match(IDENTIFIER)?.[0]
    if (name === undefined || !this.#eat('(')) throw this.#bad('a matcher such as Host(`example.com`) is expected')
    const args: string[] = []
    while (!this.#eat(')')) {
      if (args.length > 0 && !this.#eat(',')) throw this.#bad('a comma or a parenthesis is expected')
      this.#skip()
      const text = this.#match(STRING)
      if (text === undefined) throw this.#bad('a value in backticks is expected')
      args.push(text[1] ?? (text[2] ?? '').replaceAll(/\\(.)/g, '$1'))
    }
    return { name, args }
  }

  #eat(token: string): boolean {
    this.#skip()
    if (!this.#rule.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #skip(): void {
    this.#match(SPACE)
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#rule)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found
  }

  #bad(what: string): BadTag {
    return new BadTag(`the rule cannot be read at character ${this.#at + 1}: ${what}`)
  }
}

/** Disjunctive form; a negation goes down to the matchers, where none can be expressed. */
function alternatives(tree: Tree, negated: boolean): readonly (readonly Term[])[] {
  if (tree.kind === 'not') return alternatives(tree.part, !negated)
  if (tree.kind === 'term') {
    if (negated) throw new BadTag(`!${tree.term.name}(…) cannot be expressed: routes say which requests they are for, and a more specific route takes the others`)
    return [[tree.term]]
  }
  const parts = tree.parts.map((part) => alternatives(part, negated))
  const any = (tree.kind === 'or') !== negated
  if (any) return bounded(parts.flat())
  return parts.reduce((sofar, part) => bounded(sofar.flatMap((one) => part.map((other) => [...one, ...other]))), [[]] as readonly (readonly Term[])[])
}

// Both factors are bounded, so the product is too before it is looked at.
function bounded(all: readonly (readonly Term[])[]): readonly (readonly Term[])[] {
  if (all.length > MAX_ALTERNATIVES) throw new BadTag(`the rule has more than ${MAX_ALTERNATIVES} alternatives when it is spread out`)
  return all
}
