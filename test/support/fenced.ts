// Code blocks of Markdown files, with what stands after the three backticks.

export interface Fenced {
  readonly info: string
  readonly text: string
  /** Line of the opening backticks, from 1. */
  readonly line: number
}

/** Every fenced block of a text, in order. Blocks inside lists lose their indentation. */
export function fencedBlocks(markdown: string): Fenced[] {
  const blocks: Fenced[] = []
  let open: { indent: number; info: string; line: number; text: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^(\s*)```(.*)$/.exec(line)
    if (open === undefined && fence !== null) open = { indent: fence[1]?.length ?? 0, info: fence[2]?.trim() ?? '', line: index + 1, text: [] }
    else if (open !== undefined && fence !== null) {
      blocks.push({ info: open.info, line: open.line, text: `${open.text.join('\n')}\n` })
      open = undefined
    } else open?.text.push(line.slice(open.indent))
  }
  return blocks
}
