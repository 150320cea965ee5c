// A caller is who the gateway can vouch for: an address in one of its ranges, or a verified certificate with one of its names.
import type { CallerConfig } from '../model/table-config.ts'
import type { Source } from '../model/request.ts'
import { inCidr, parseAddress, parseCidr } from './cidr.ts'

export interface Caller {
  readonly name: string
  test(source: Source): boolean
}

/** Compiles callers by name; `problem` gets each bad range and each name given twice. */
export function compileCallers(configs: readonly CallerConfig[], problem: (path: string, message: string) => void): ReadonlyMap<string, Caller> {
  const callers = new Map<string, Caller>()
  for (const [i, config] of configs.entries()) {
    if (callers.has(config.name)) problem(`callers[${i}].name`, `there are two callers named ${config.name}`)
    const ranges = config.cidr.flatMap((text, j) => {
      const range = parseCidr(text)
      if (range === undefined) problem(`callers[${i}].cidr[${j}]`, badRange(text))
      return range ?? []
    })
    callers.set(config.name, {
      name: config.name,
      test: (source) => {
        if (source.identities.some((identity) => config.spiffe.includes(identity))) return true
        const address = ranges.length === 0 ? undefined : parseAddress(source.address)
        return address !== undefined && ranges.some((range) => inCidr(address, range))
      },
    })
  }
  return callers
}

export function badRange(text: string): string {
  return `${JSON.stringify(text)} is not an address range: write 10.0.0.0/8, 2001:db8::/32 or a single address`
}
