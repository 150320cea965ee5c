// The scalars of the schema: each takes what a person writes and gives the normal form.
import { z } from 'zod'
import { Complaint } from '../complaint.ts'
import { readDuration, readSize } from '../quantities.ts'

/**
 * A text that a reader turns into `T`; its complaints become problems. `ofNumber` is the hint for a bare number, where the one
 * about quotes would only lead to the next error.
 */
export function text<T>(read: (text: string) => T, ofNumber?: (number: number) => string) {
  const string = z.string({ error: ({ input }) => (typeof input === 'number' ? ofNumber?.(input) : undefined) })
  return string.transform((written, context): T => {
    try {
      return read(written)
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      complain(context, written, error.message, error.hint)
      return z.NEVER
    }
  })
}

/** A whole number written as text. */
export function readInteger(written: string, least: number, most: number): number {
  const value = Number(written)
  if (!/^-?\d{1,15}$/.test(written)) throw new Complaint(`'${written}' is not a whole number`)
  if (value < least || value > most) throw new Complaint(`${written} is out of range`, `${least} to ${most}`)
  return value
}

/** Finds fault with what is being transformed; `path` points into it. */
export function complain(context: Pick<z.core.ParsePayload, 'issues'>, input: unknown, message: string, hint?: string, path: (string | number)[] = []): void {
  context.issues.push({ code: 'custom', message, input, path, ...(hint === undefined ? {} : { params: { hint } }) })
}

/** Marks the text form of a number, which the reference leaves out. */
export const DIGITS = 'The number as text, for ${NAME}.'

/** A whole number; as text too, so that it can come from `${NAME}`. */
export function integer(least: number, most: number) {
  const digits = text((written) => readInteger(written, least, most)).meta({ description: DIGITS })
  return z.union([z.int().min(least).max(most), digits])
}

/** One of a few numbers; as text too. */
export function oneOf<N extends number>(...numbers: readonly [N, ...N[]]) {
  const digits = text((written): N => {
    const found = numbers.find((number) => String(number) === written)
    if (found === undefined) throw new Complaint(`'${written}' is not one of the values here`, `known: ${numbers.join(', ')}`)
    return found
  }).meta({ description: DIGITS })
  return z.union([z.literal([...numbers]), digits])
}

export const duration = text(readDuration, (number) => `add a unit: ${number}ms or ${number}s`).meta({ id: 'duration', description: 'A time with its unit: `250ms`, `2s`, `5m`, `1h`; `0s` for none.' })
export const size = text(readSize, (number) => `add a unit: ${number}B or ${number}KiB`).meta({ id: 'size', description: 'A size with its unit: `512B`, `64KiB`, `10MiB`; `0B` for none.' })

/** A size that is a limit of something that is always there, so that 0 would not mean none. */
export function sizeFrom(least: number) {
  const read = (written: string): number => {
    const bytes = readSize(written)
    if (bytes < least) throw new Complaint(`${written} is too little`, `at least ${least}B`)
    return bytes
  }
  return text(read, () => `at least ${least}B`)
}

/** One value or a list of them; always a list in the normal form. */
export function oneOrMany<Item extends z.ZodType>(item: Item) {
  return z.union([item.transform((one): z.output<Item>[] => [one]), z.array(item).min(1)])
}

/**
 * A key that may be left out. In types it is `exactOptional`: it is there with a value or not there. That one, however, tries
 * the schema on nothing for every key left out and words the failure, which was half the time of a large table.
 */
export function maybe<Schema extends z.ZodType>(schema: Schema): z.ZodExactOptional<Schema> {
  return schema.optional() as unknown as z.ZodExactOptional<Schema>
}

/** A map with fixed keys; any other key is an error. */
export const section = z.strictObject

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

/** A name that others refer to. Names of `Object.prototype` are refused, so that no lookup by name can meet one. */
export function readName(text: string): string {
  if (!NAME.test(text)) throw new Complaint(`'${text}' is not a name`, 'letters, digits, . _ and -, beginning with a letter or digit')
  if (text in Object.prototype) throw new Complaint(`'${text}' is reserved`, 'choose another name')
  return text
}

/** Plain text: not empty, no control characters. */
function readPlain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) throw new Complaint(text === '' ? 'an empty text' : 'the text holds a control character')
  return text
}

export const plain = text(readPlain)

/** Names as keys. Key schemas cannot transform to something else, so the reader only refuses. */
const nameKey = z.string().check((context) => {
  try {
    readName(context.value)
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    complain(context, context.value, error.message, error.hint)
  }
})

/** A map of names to values. */
export function named<Value extends z.ZodType>(value: Value) {
  return z.record(nameKey, value)
}
