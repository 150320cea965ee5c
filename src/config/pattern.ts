// Texts to compare with: exact, or `/regex/` in RE2 syntax.
import type { TextMatch } from '../model/match-config.ts'
import { compileRegex } from '../route/regex.ts'
import { Complaint } from './complaint.ts'

/** Returns the pattern if the engine that matches requests takes it. */
export function checkPattern(pattern: string): string {
  const compiled = compileRegex(pattern)
  if ('refused' in compiled) throw new Complaint(compiled.refused)
  return pattern
}

/** `/regex/` or exact text. An exact text that begins and ends with a slash is written as a pattern: `/^\\/a\\/$/`. */
export function readTextMatch(text: string): TextMatch {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) return { kind: 'regex', pattern: checkPattern(text.slice(1, -1)) }
  return { kind: 'exact', value: text }
}
