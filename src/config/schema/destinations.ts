// `to`: where a route sends requests, by weight.
import { z } from 'zod'
import { readShare } from '../quantities.ts'
import { complain, plain, readInteger, section, text } from './values.ts'

/** `to` as written, with weights in one scale. */
type WeightedName = { readonly service: string; readonly weight: number }

/** A part of one where parts of a whole were meant. */
function ofFraction(weight: unknown): string | undefined {
  if (typeof weight !== 'number' || Number.isInteger(weight)) return undefined
  return weight > 0 && weight < 1 ? `write shares: ${Number((weight * 100).toFixed(2))}%` : 'write whole numbers, or shares: 50%'
}

const weight = z.union([
  z.int().min(0).max(65_535).transform((value) => ({ value, share: false })),
  text((written) => (written.endsWith('%') ? { value: readShare(written), share: true } : { value: readInteger(written, 0, 65_535), share: false })),
], { error: ({ input }) => ofFraction(input) })

const weighted = section({
  service: plain.meta({ description: 'A destination as in `to`.', samples: ['words/v2'] }),
  weight: weight.prefault(1).meta({ description: 'A whole number from 0 to 65535 relative to the others, or a share; shares must add up to 100%.', samples: [95, '5%'] }),
})

const destination = z.union([plain.transform((service) => ({ service, weight: { value: 1, share: false } })), weighted])

const destinations = z
  .array(destination)
  .min(1)
  .transform((list, context): WeightedName[] => {
    const shares = list.filter((one) => one.weight.share).length
    const sum = list.reduce((total, one) => total + one.weight.value, 0)
    if (shares > 0 && shares < list.length) complain(context, list, 'shares and plain weights are mixed', 'give every destination a share, or none')
    else if (shares > 0 && sum !== 10_000) complain(context, list, `the shares add up to ${sum / 100}%`, 'they must add up to 100%')
    else if (sum === 0) complain(context, list, 'the weights sum to nothing: no request could go anywhere', 'give at least one destination a weight above 0')
    return list.map((one) => ({ service: one.service, weight: one.weight.value }))
  })

export const to = z.union([plain.transform((service): WeightedName[] => [{ service, weight: 1 }]), destinations])
