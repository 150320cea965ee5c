// Header fields between the core and the runtime. workerd reads and writes values as UTF-8, where the standard has a character for each
// byte; the core has the bytes.
import { HeaderList } from '../model/headers.ts'
import { octetsOf, textOf } from '../model/octets.ts'

/** Fields of the runtime as the core has them. */
export function headerList(headers: Headers): HeaderList {
  const list = new HeaderList()
  for (const [name, value] of headers) list.append(name, octetsOf(value))
  return list
}

/** Fields of the core as the runtime has them. */
export function whatwgHeaders(list: HeaderList): Headers {
  const headers = new Headers()
  for (const [name, value] of list) headers.append(name, textOf(value))
  return headers
}
