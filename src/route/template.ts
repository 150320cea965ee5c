// Texts with captures, as in `/v2/{id}/{**}`, split once when the table is compiled.
import type { Params, Template } from '../model/route.ts'
import type { Scope } from './matcher.ts'

/** What a template may hold. */
export interface TemplateRules {
  /** Names that may stand in braces. */
  readonly names: ReadonlySet<string>
  /** Says why a name may not, when there is more to say than that nothing captures it. */
  readonly why?: (name: string) => string
  /** Whether braces around something that is no name are plain text; header values may hold JSON. */
  readonly looseBraces: boolean
}

/** A piece of a template: plain text, or the name of a capture. */
export type Piece = string | { readonly name: string }

/** Splits a text; an unknown name in braces is a problem at `at`. */
export function splitTemplate(text: string, rules: TemplateRules, at: string, scope: Scope): readonly Piece[] {
  const pieces: Piece[] = []
  let done = 0
  for (const found of text.matchAll(/\{([^{}]*)\}/g)) {
    const name = found[1] ?? ''
    if (!rules.names.has(name)) {
      if (!rules.looseBraces || isName(name)) scope.problem(at, `{${name}} ${rules.why?.(name) ?? 'is not captured by the path of this route'}`)
      continue
    }
    if (found.index > done) pieces.push(text.slice(done, found.index))
    pieces.push({ name })
    done = found.index + found[0].length
  }
  if (done < text.length) pieces.push(text.slice(done))
  if (!rules.looseBraces && pieces.some((piece) => typeof piece === 'string' && /[{}]/.test(piece.replaceAll(/\{[^{}]*\}/g, '')))) scope.problem(at, 'a brace is not closed or not opened')
  return pieces
}

/** A template of pieces. A name that the request did not capture renders as nothing. */
export function templateOf(pieces: readonly Piece[]): Template {
  const [first] = pieces
  if (pieces.length === 0) return { render: () => '' }
  if (pieces.length === 1 && typeof first === 'string') return { render: () => first }
  return {
    render(params: Params): string {
      let text = ''
      for (const piece of pieces) text += typeof piece === 'string' ? piece : (params[piece.name] ?? '')
      return text
    },
  }
}

function isName(text: string): boolean {
  return text === '**' || /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text)
}
