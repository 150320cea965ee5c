// The metrics of a gateway as numbers, from the text that Prometheus would scrape.

export interface ReadSample {
  /** Without `fairlead_`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^fairlead_(\w+)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
const ESCAPED: Readonly<Record<string, string>> = { n: '\n' }

/** Every sample of a scrape. Throws on a line that is none. */
export function readSamples(text: string): readonly ReadSample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [whole, name = '', labels = '', value] = LINE.exec(line) ?? []
      if (whole === undefined) throw new Error(`no sample: ${line}`)
      return { name, labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = '', escaped = '']) => [label, escaped.replace(/\\(.)/g, (_, char: string) => ESCAPED[char] ?? char)])), value: Number(value) }
    })
}
