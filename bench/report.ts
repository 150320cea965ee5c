// Tables for people: one scenario, its contestants, and what their headline figure is to nginx's and Envoy's in the same run.
import type { Contestant, Sample, Scenario } from './scenario.ts'

export interface Row {
  readonly contestant: Contestant
  readonly figures: Sample
}

/** Peers that everything is compared with. */
const REFERENCES = ['nginx', 'envoy']

/** The table of a scenario as Markdown, which reads well in a terminal too. */
export function table(scenario: Scenario, rows: readonly Row[]): string {
  const references = REFERENCES.filter((name) => rows.some((row) => row.contestant.peer === name))
  const header = ['proxy', ...scenario.columns.map((column) => column.title), ...references.map((name) => `÷ ${name}`)]
  const lines = rows.map((row) => [
    row.contestant.label,
    ...scenario.columns.map((column) => number(row.figures[column.key], column.digits)),
    ...references.map((name) => number(ratio(scenario, rows, row, name), 2)),
  ])
  const widths = header.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)))
  const show = (cells: readonly string[]): string => `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [show(header), rule, ...lines.map(show)].join('\n')
}

function ratio(scenario: Scenario, rows: readonly Row[], row: Row, name: string): number | undefined {
  const reference = rows.find((other) => other.contestant.peer === name && other.contestant.tableSize === row.contestant.tableSize)
  const [own, theirs] = [row.figures[scenario.headline], reference?.figures[scenario.headline]]
  return own === undefined || theirs === undefined ? undefined : own / theirs
}

function number(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits)
}
