// What a file may go through without harm to the table, in virtual time and with a file that is a variable.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileStamp, FileView } from '../../../src/store/file-view.ts'
import { fileStore } from '../../../src/store/file.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { follow, parseNames, pass, until, type Followed } from '../../support/store-events.ts'

interface FakeFile extends FileView {
  text: string | undefined
  failure: Error | undefined
  reads: number
  stats: number
  /** Sets content and stamp; with `stamp` the stamp only as a coarse clock would show it. */
  write(text: string | undefined, stamp?: string): void
  ring(): void
}

let platform: FakePlatform
let file: FakeFile
let store: ReturnType<typeof fileStore>
let followed: Followed

function fakeFile(): FakeFile {
  let stamp: FileStamp = { key: '0', modified: 0 }
  let bell = (): void => undefined
  return {
    text: undefined,
    failure: undefined,
    reads: 0,
    stats: 0,
    write(text, key) {
      this.text = text
      stamp = { key: key ?? `${platform.now()}-${text?.length}`, modified: platform.wallClock() }
    },
    ring: () => bell(),
    async stat() {
      this.stats += 1
      if (this.failure !== undefined) throw this.failure
      return this.text === undefined ? undefined : stamp
    },
    async read(limit) {
      this.reads += 1
      return new TextEncoder().encode(this.text).slice(0, limit + 1)
    },
    hint(ring) {
      bell = ring
    },
  }
}

const seen = (count: number): Promise<void> => until(platform, () => followed.lines.length >= count)
const last = (): string | undefined => followed.lines.at(-1)
/** Writes as another program does, a moment later than anything before, and lets a hint through. */
async function write(text: string | undefined): Promise<void> {
  await pass(platform, 3000)
  file.write(text)
  file.ring()
}

async function start(text: string | undefined): Promise<void> {
  file.write(text)
  store = fileStore({ platform, path: '/etc/f.yaml', view: file, parse: parseNames, limit: 100 })
  followed = follow(store)
  await seen(1)
}

beforeEach(() => {
  platform = fakePlatform()
  file = fakeFile()
})

afterEach(() => followed.stop())

describe('a good change', () => {
  it('is read within 50 ms of a hint', async () => {
    await start('a b')
    await write('a c')
    const { reads } = file
    await pass(platform, 50)
    expect(file.reads).toBe(reads + 1)
    await seen(2)
    expect(followed.lines).toEqual(['table file:/etc/f.yaml a b', 'table file:/etc/f.yaml a c'])
  })

  it('is found within about a second without one', async () => {
    await start('a')
    await pass(platform, 3000)
    file.write('b')
    const asked = platform.now()
    await seen(2)
    expect(platform.now() - asked).toBeLessThanOrEqual(1100)
  })

  it('under the same stamp of a coarse clock is found too', async () => {
    file.write('a', 'same')
    store = fileStore({ platform, path: '/etc/f.yaml', view: file, parse: parseNames })
    followed = follow(store)
    await seen(1)
    file.write('b', 'same')
    await seen(2)
    expect(last()).toBe('table file:/etc/f.yaml b')
  })

  it('is not read again when it is old, nor when nothing changed', async () => {
    await start('a')
    await pass(platform, 5000)
    const { reads } = file
    await pass(platform, 60_000)
    expect(file.reads).toBe(reads)
    expect(followed.lines).toHaveLength(1)
  })

  it('of the stamp alone is none', async () => {
    await start('a')
    await write('a')
    await pass(platform, 5000)
    expect(followed.lines).toEqual(['table file:/etc/f.yaml a'])
  })

  it('with fewer routes is taken after it stood for a second', async () => {
    await start('a b c')
    await write('a')
    const asked = platform.now()
    await seen(2)
    expect(platform.now() - asked).toBeGreaterThanOrEqual(950)
    expect(last()).toBe('table file:/etc/f.yaml a')
  })
})

describe('half a save', () => {
  it('in pieces is read when the writer is done', async () => {
    await start('a b')
    for (const piece of ['', 'a', 'a b', 'a b !', 'a b c']) {
      file.write(piece)
      file.ring()
      await pass(platform, 20)
    }
    await seen(2)
    expect(followed.lines).toEqual(['table file:/etc/f.yaml a b', 'table file:/etc/f.yaml a b c'])
  })

  it.each([['invalid', 'a b !'], ['empty', ''], ['shorter', 'a']])('that is %s for less than a second is nobody’s business', async (_what, half) => {
    await start('a b')
    await write(half)
    await pass(platform, 800)
    file.write('a b c')
    file.ring()
    await seen(2)
    expect(followed.lines).toEqual(['table file:/etc/f.yaml a b', 'table file:/etc/f.yaml a b c'])
  })

  it('that stays is reported, and its mending confirmed', async () => {
    await start('a b')
    await write('')
    await seen(2)
    expect(last()).toBe('rejected file:/etc/f.yaml the document is empty')
    await write('a !')
    await seen(3)
    expect(last()).toBe('rejected file:/etc/f.yaml a bad route')
    await pass(platform, 30_000)
    expect(followed.lines).toHaveLength(3)
    await write('a b')
    await seen(4)
    expect(last()).toBe('confirmed file:/etc/f.yaml')
  })

  it('by a writer that never pauses is waited for, and can be left', async () => {
    await start('a')
    const { reads } = file
    for (let turn = 0; turn < 500; turn++) {
      file.write(`a b${turn}`)
      await pass(platform, 10)
    }
    expect(file.reads).toBeLessThanOrEqual(reads + 1)
    await seen(2)
    expect(followed.lines).toEqual(['table file:/etc/f.yaml a', 'table file:/etc/f.yaml a b499'])
    for (let turn = 0; turn < 50; turn++) {
      file.write(`a c${turn}`)
      await pass(platform, 10)
    }
    await followed.stop()
    expect(followed.lines).toHaveLength(2)
  })

  it('that goes on while it is read is read again', async () => {
    await start('a')
    await pass(platform, 3000)
    const { read } = file
    file.read = async (limit) => {
      file.read = read
      const half = await read.call(file, limit)
      file.write('a b c')
      return half
    }
    await write('a b')
    await seen(2)
    expect(followed.lines).toEqual(['table file:/etc/f.yaml a', 'table file:/etc/f.yaml a b c'])
  })
})

describe('a file', () => {
  it('that an editor takes away and puts back is no outage', async () => {
    await start('a')
    await write(undefined)
    await pass(platform, 500)
    file.write('b')
    file.ring()
    await seen(2)
    expect(last()).toBe('table file:/etc/f.yaml b')
  })

  it('that is gone keeps the table and says so; that comes back unchanged is confirmed', async () => {
    await start('a')
    await write(undefined)
    await seen(2)
    expect(last()).toBe('unavailable file:/etc/f.yaml /etc/f.yaml is gone; going on with the last table')
    await pass(platform, 10_000)
    await write('a')
    await seen(3)
    expect(followed.lines).toHaveLength(3)
    expect(last()).toBe('confirmed file:/etc/f.yaml')
  })

  it('that is not there at the start is waited for', async () => {
    await start(undefined)
    expect(last()).toBe('unavailable file:/etc/f.yaml /etc/f.yaml does not exist')
    await write('a')
    await seen(2)
    expect(last()).toBe('table file:/etc/f.yaml a')
  })

  it('that is wrong at the start is reported at once', async () => {
    const before = platform.now()
    await start('!')
    expect(last()).toBe('rejected file:/etc/f.yaml a bad route')
    expect(platform.now() - before).toBeLessThan(200)
  })

  it('that cannot be read keeps the table', async () => {
    await start('a')
    file.failure = new Error('/etc/f.yaml may not be read by this user')
    await seen(2)
    file.failure = undefined
    await seen(3)
    expect(followed.lines.slice(1)).toEqual(['unavailable file:/etc/f.yaml /etc/f.yaml may not be read by this user', 'confirmed file:/etc/f.yaml'])
  })

  it('over the limit is refused', async () => {
    await start('a')
    await write('x'.repeat(101))
    await seen(2)
    expect(last()).toBe('rejected file:/etc/f.yaml /etc/f.yaml cannot be used: it is over the limit of 100 bytes')
  })

  it('whose table the gateway could not use is not offered again, and its old content is confirmed', async () => {
    await start('a')
    await write('b')
    await seen(2)
    await store.acknowledge('file:/etc/f.yaml', 'rejected', 'does not compile')
    await pass(platform, 10_000)
    expect(followed.lines).toHaveLength(2)
    await write('a')
    await seen(3)
    expect(last()).toBe('confirmed file:/etc/f.yaml')
  })
})

it('a log that is written beside it costs few looks', async () => {
  await start('a')
  await pass(platform, 3000)
  const before = file.stats
  for (let ms = 0; ms < 1000; ms++) {
    file.ring()
    await platform.advance(1)
  }
  expect(file.stats - before).toBeLessThanOrEqual(41)
  await write('a b')
  await seen(2)
})
