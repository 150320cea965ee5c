// The reader and writer of DNS messages against dns-packet, and against messages that nobody honest sends.
import { decode, encode, type Answer } from 'dns-packet'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answers, decodeReply, encodeQuery, isDnsName } from '../../../discovery/dns/message.ts'
import { createSample, answersNeeded } from '../../../discovery/dns/sample.ts'
import { parseServer } from '../../../discovery/dns/transport.ts'
import { addressRecord, srvRecord, written } from '../../support/fake-dns.ts'

const QUESTION = { name: '_http._tcp.Web.example', type: 'SRV' } as const
const ID = 0x1234

/** A reply to the question, changed. */
function reply(change: (bytes: Uint8Array) => void, answersOf: readonly Answer[] = [srvRecord('a', 'b', 1)]): Uint8Array {
  const bytes = written(decode(Buffer.from(encodeQuery(ID, QUESTION))), { answers: answersOf }, 65_535)
  change(bytes)
  return bytes
}

const ANSWERS_AT = 12 + 24 + 4

test('a question as another reader sees it', () => {
  const query = decode(Buffer.from(encodeQuery(ID, QUESTION, 1232)))
  expect(query).toMatchObject({ id: ID, type: 'query', flag_rd: true, flag_tc: false, questions: [{ name: QUESTION.name, type: 'SRV', class: 'IN' }], answers: [] })
  expect(query.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, flag_do: false }])
  expect(decode(Buffer.from(encodeQuery(1, { name: 'a.b', type: 'AAAA' })))).toMatchObject({ questions: [{ name: 'a.b', type: 'AAAA' }], additionals: [] })
})

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/)
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'))
const uint16 = fc.integer({ min: 0, max: 65_535 })
const ttl = fc.integer({ min: 0, max: 0x7fff_ffff })
const record: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ name, target: name, port: uint16, priority: uint16, weight: uint16, ttl }).map(({ name, target, port, ...more }) => srvRecord(name, target, port, more)),
  fc.record({ name, address: fc.oneof(fc.ipV4(), fc.ipV6().filter((text) => !text.includes('.'))), ttl }).map(({ name, address, ttl }) => addressRecord(name, address, ttl)),
  fc.record({ name, data: name, ttl }).map((fields): Answer => ({ type: 'CNAME', ...fields })),
  fc.record({ name, data: label, ttl }).map((fields): Answer => ({ type: 'TXT', ...fields })),
)

test('what another writer writes is read; types that are not needed are left out', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), fc.array(record, { maxLength: 5 }), (first, more) => {
      const bytes = encode({ type: 'response', id: ID, flags: 0x8180, questions: [{ ...QUESTION, class: 'IN' }], answers: first, authorities: more, additionals: more })
      const read = decodeReply(bytes)
      const shape = (records: readonly Answer[]): unknown[] =>
        records.flatMap((each): object[] => {
          if (each.type === 'SRV') return [{ type: 'SRV', name: each.name, ttl: each.ttl, ...each.data }]
          if (each.type === 'A' || each.type === 'AAAA') return [{ type: each.type, name: each.name, ttl: each.ttl }]
          return each.type === 'CNAME' ? [{ type: 'CNAME', name: each.name, ttl: each.ttl, target: each.data }] : []
        })
      expect(read.answers).toMatchObject(shape(first))
      expect(read.additional).toMatchObject(shape(more))
      expect(answers(read, ID, { name: QUESTION.name, type: 'SRV' })).toBe(true)
    }),
  )
})

test('no bytes at all make it hang or fail in another way than by an Error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }), (bytes, changes) => {
      const changed = reply((whole) => changes.forEach(([at, value]) => void (whole[at % whole.length] = value)))
      for (const each of [bytes, changed]) {
        try {
          decodeReply(each)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }
    }),
    { numRuns: 2000 },
  )
})

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', new Uint8Array(0), /only 0 bytes/],
  ['a question', reply((bytes) => void (bytes[2] = 0)), /is a question/],
  ['two questions', reply((bytes) => void (bytes[5] = 2)), /2 questions/],
  ['another class', reply((bytes) => void (bytes[ANSWERS_AT - 1] = 3)), /class is 3/],
  ['cut in the middle', reply(() => {}).subarray(0, -3), /ends too early/],
  ['more answers announced than there are', reply((bytes) => void (bytes[7] = 9)), /ends too early/],
  ['a pointer to itself', reply((bytes) => bytes.set([0xc0, ANSWERS_AT], ANSWERS_AT)), /bad pointer/],
  ['a pointer ahead', reply((bytes) => bytes.set([0xc0, ANSWERS_AT + 5], ANSWERS_AT)), /bad pointer/],
  ['a label of a kind that does not exist', reply((bytes) => void (bytes[ANSWERS_AT] = 0x80)), /bad label/],
  ['an SRV record that says it is longer', reply((bytes) => void (bytes[ANSWERS_AT + 3 + 9] = 8), [srvRecord('a', 'b', 1), addressRecord('c', '10.0.0.1')]), /bad length|bad label|bad pointer/],
  ['an address of five bytes', reply((bytes) => void (bytes[ANSWERS_AT + 3 + 9] = 5), [addressRecord('a', '10.0.0.1'), addressRecord('c', '10.0.0.1')]), /bad length/],
  ['a chain of pointers without end', chain(400), /bad pointer/],
  ['a name of 300 bytes', longName(), /too long/],
])('%s is refused', (_name, bytes, said) => {
  expect(() => decodeReply(bytes)).toThrow(said)
})

/** Pointers that each lead to the one before: no loop, but much work for a reader that counts nothing. */
function chain(count: number): Uint8Array {
  // One record of an unknown type whose data are the chain, then one whose name points to its end.
  const data = [0, ...Array.from({ length: count }, (_, index) => (index === 0 ? [0xc0, 23] : [0xc0 | ((24 + 2 * (index - 1)) >> 8), (24 + 2 * (index - 1)) & 255])).flat()]
  const last = 24 + 2 * (count - 1)
  return Uint8Array.from([0x12, 0x34, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 99, 0, 1, 0, 0, 0, 0, data.length >> 8, data.length & 255, ...data, 0xc0 | (last >> 8), last & 255, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4])
}

function longName(): Uint8Array {
  const labels = Array.from({ length: 5 }, () => [60, ...Array.from({ length: 60 }, () => 97)]).flat()
  return Uint8Array.from([0x12, 0x34, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4])
}

test('a dot or a control character inside a label is no divider of labels', () => {
  const label = [...'a.b\n'].map((character) => character.charCodeAt(0))
  const bytes = Uint8Array.from([0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, label.length, ...label, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4])
  expect(decodeReply(bytes).answers).toEqual([{ type: 'A', name: 'a\\046b\\010', ttl: 0, address: '1.2.3.4' }])
})

test('a reply answers only its own question', () => {
  const good = decodeReply(reply(() => {}))
  expect(answers(good, ID, QUESTION)).toBe(true)
  expect(answers(good, ID + 1, QUESTION)).toBe(false)
  expect(answers(good, ID, { ...QUESTION, type: 'A' })).toBe(false)
  expect(answers(good, ID, { ...QUESTION, name: '_http._tcp.web.example2' })).toBe(false)
  const bare = (code: number): Uint8Array => Uint8Array.from([0x12, 0x34, 0x80, code, 0, 0, 0, 0, 0, 0, 0, 0])
  expect(answers(decodeReply(bare(1)), ID, QUESTION)).toBe(true)
  expect(answers(decodeReply(bare(0)), ID, QUESTION)).toBe(false)
})

test.each([
  ['web.service.consul', true],
  ['_http._tcp.x', true],
  ['', false],
  ['a.', false],
  ['.a', false],
  ['a\\.b', false],
])('name %j: %j', (text, wanted) => {
  expect(isDnsName(text)).toBe(wanted)
})

test.each([
  ['10.0.0.1', { host: '10.0.0.1', port: 53 }],
  ['10.0.0.1:8600', { host: '10.0.0.1', port: 8600 }],
  ['::1', { host: '::1', port: 53 }],
  ['[::1]:8600', { host: '::1', port: 8600 }],
  ['fe80::1%eth0', { host: 'fe80::1%eth0', port: 53 }],
  ['localhost', undefined],
  ['10.0.0.1:', undefined],
])('server %j', (text, wanted) => {
  expect(parseServer(text)).toEqual(wanted)
})

test.each([
  [3, 3, 1],
  [4, 3, 6],
  [20, 3, 61],
  [1000, 3, 100],
])('of %d records three of which are shown each time, %d … need %d answers', (all, size, wanted) => {
  expect(answersNeeded(all, size)).toBe(wanted)
})

test('answers too large to be samples leave nothing behind', () => {
  const sample = createSample()
  const many = (from: number) => Array.from({ length: 200 }, (_, index) => ({ type: 'SRV' as const, priority: 0, weight: 1, port: 80, target: `i${from + index}` }))
  for (const from of [0, 1, 0, 1]) expect(sample.take(many(from), 30, from * 30_000)).toHaveLength(200)
  expect(sample.partial).toBe(false)
})
