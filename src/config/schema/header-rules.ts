// `requestHeaders`, `responseHeaders` and other headers that a person writes.
import { z } from 'zod'
import type { HeaderRulesConfig } from '../../model/route-config.ts'
import { isToken } from '../../model/token.ts'
import { Complaint } from '../complaint.ts'
import { complain, maybe, oneOrMany, section, text } from './values.ts'

const OURS: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'host'])

function readHeaderName(name: string): string {
  if (!isToken(name)) throw new Complaint(`'${name}' is not a header name`)
  if (name.toLowerCase() === 'host') throw new Complaint('Host is not changed as a header', 'write rewrite: { host: … }')
  if (OURS.has(name.toLowerCase())) throw new Complaint(`${name} belongs to the connection, the gateway writes it`, 'leave it out')
  return name
}

function readHeaderValue(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) throw new Complaint('the value holds a control character', 'a header is one line')
  return value.trim()
}

/** Names with one value or several, as pairs in the order written. */
export const headerValues = z.record(z.string(), oneOrMany(text(readHeaderValue))).transform((given, context) => {
  const pairs: (readonly [string, string])[] = []
  for (const [written, values] of Object.entries(given)) {
    try {
      const name = readHeaderName(written)
      for (const value of values) pairs.push([name, value])
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      complain(context, given, error.message, error.hint, [written])
    }
  }
  return pairs
})

export const headerRules = section({
  set: headerValues.apply(maybe).meta({ description: 'Headers that replace all of that name.', samples: [{ 'x-user-id': '{id}' }] }),
  add: headerValues.apply(maybe).meta({ description: 'Headers put beside those of that name.', samples: [{ via: 'fairlead' }] }),
  remove: oneOrMany(text((name) => readHeaderName(name).toLowerCase()))
    .apply(maybe)
    .meta({ description: 'Names of headers taken away, before `set` and `add`.', samples: [['x-debug']] }),
}).transform(({ set, add, remove }): HeaderRulesConfig => ({ set: set ?? [], add: add ?? [], remove: remove ?? [] }))
