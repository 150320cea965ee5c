// Lists of addresses that must all let a client in.
import { containsRange, rangeOf } from '../config/address.ts'
import { BadTag } from './dialect.ts'

/** The ranges that lie in one of each list; none when no address is in both. */
export function commonRanges(some: readonly string[], others: readonly string[]): string[] {
  const [left, right] = [some.map(normal), others.map(normal)]
  const within = (ranges: readonly string[], outer: readonly string[]): string[] => ranges.filter((range) => outer.some((each) => containsRange(each, range)))
  return [...new Set([...within(left, right), ...within(right, left)])]
}

function normal(text: string): string {
  const range = rangeOf(text)
  if (range === undefined) throw new BadTag(`'${text}' is no address and no range; write 10.0.0.0/8 without bits after the prefix`)
  return range
}
