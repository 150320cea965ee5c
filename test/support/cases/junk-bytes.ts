// Every junk byte at every place of the field lines that framing and routing hang on.
import { CANARY, type FramingCase } from '../framing.ts'

const BYTES = [0x00, 0x01, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x1b, 0x1f, 0x20, 0x22, 0x28, 0x2c, 0x3b, 0x40, 0x5c, 0x7b, 0x7f, 0x80, 0x85, 0xa0, 0xff]
const PLACES = ['before name', 'in name', 'after name', 'before value', 'in value', 'after value'] as const
/** What the gateway reads its framing and its route from, and one field that is nobody's business. */
const FIELDS = [
  ['Content-Length', '5'],
  ['Transfer-Encoding', 'chunked'],
  ['Host', 'lab.test'],
  ['X-A', 'bc'],
] as const

type Place = (typeof PLACES)[number]

function fieldLine(name: string, value: string, place: Place, byte: string): string {
  const middle = name.length >> 1
  const lines: Record<Place, string> = {
    'before name': `${byte}${name}: ${value}`,
    'in name': `${name.slice(0, middle)}${byte}${name.slice(middle)}: ${value}`,
    'after name': `${name}${byte}: ${value}`,
    'before value': `${name}: ${byte}${value}`,
    'in value': `${name}: ${value.slice(0, 1)}${byte}${value.slice(1)}`,
    'after value': `${name}: ${value}${byte}`,
  }
  return lines[place]
}

function want(name: string, place: Place, byte: number): FramingCase['want'] {
  if (place.endsWith('name')) return 'reject'
  const space = byte === 0x20 || byte === 0x09
  if (space && place !== 'in value') return 'accept'
  if (name === 'X-A') return space || (byte >= 0x21 && byte !== 0x7f) ? 'accept' : 'reject'
  // A name that is only odd (a quote, a comma) is for the routes to refuse; here there is none for it either.
  return 'reject'
}

function request(name: string, line: string): string {
  const host = name === 'Host' ? '' : 'Host: lab.test\r\n'
  if (name === 'Content-Length') return `POST /raw/x HTTP/1.1\r\n${host}X-B: 1\r\n${line}\r\n\r\nhello`
  if (name === 'Transfer-Encoding') return `POST /raw/x HTTP/1.1\r\n${host}X-B: 1\r\n${line}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`
  return `GET /raw/x HTTP/1.1\r\n${host}X-B: 1\r\n${line}\r\n\r\n`
}

/** 5 in the middle of one digit is after it: that place says nothing of its own for Content-Length. */
const tells = (name: string, place: Place): boolean => !(name === 'Content-Length' && place === 'in value')

export const junkBytes: FramingCase[] = FIELDS.flatMap(([name, value]) =>
  PLACES.filter((place) => tells(name, place)).flatMap((place) =>
    BYTES.map((byte): FramingCase => {
      const line = fieldLine(name, value, place, String.fromCharCode(byte))
      const wanted = want(name, place, byte)
      return { id: `${name} ${place} ${byte.toString(16).padStart(2, '0')}`, raw: request(name, line) + (wanted === 'reject' ? CANARY : ''), want: wanted }
    }),
  ),
)
