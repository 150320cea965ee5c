// Host globs of Fabio (https://github.com/gobwas/glob, without separators) as hosts of a route.
import { BadTag } from './dialect.ts'

/** `*.example.com` as it is; any other glob as a regular expression over the whole host. */
export function globHost(glob: string): string {
  if (!/[*?[\]{}\\!]/.test(glob) || /^\*\.[a-z0-9_.-]+$/.test(glob)) return glob
  return `/^${translate(glob)}$/`
}

function translate(glob: string): string {
  let text = ''
  let depth = 0
  for (let i = 0; i < glob.length; i++) {
    const character = glob[i] as string
    if (character === '*') text += '.*'
    else if (character === '?') text += '.'
    else if (character === '{') {
      depth++
      text += '(?:'
    } else if (character === '}' && depth > 0) {
      depth--
      text += ')'
    } else if (character === ',' && depth > 0) text += '|'
    else if (character === '[') {
      const end = glob.indexOf(']', i + 2)
      if (end < 0) throw new BadTag(`the host '${glob}' has a [ without ]`)
      text += `[${glob.slice(i + 1, end).replace(/^!/, '^').replaceAll(/[\\[\]]/g, '\\$&')}]`
      i = end
    } else text += character.replace(/[.+^$()|\\\]}]/, '\\$&')
  }
  if (depth > 0) throw new BadTag(`the host '${glob}' has a { without }`)
  return text.replaceAll(/(?:\.\*){2,}/g, '.*')
}
