// The event streams of a Marathon: frames without ids, heartbeats, a filter of types, and readers that are too slow.

/** What a reader asked for. */
interface Wish {
  /** Types of events; none: all. */
  readonly types: readonly string[]
  /** Plans of deployments without `original` and `target`, the whole tree of apps as it was and as it shall be. */
  readonly light: boolean
}

/** Where a stream is written to. */
export interface Sink {
  /** Takes text for the reader. */
  write(text: string): void
  /** Texts that the reader has not taken yet. */
  outstanding(): number
  end(): void
}

export interface Streams {
  /** Streams open now. */
  count(): number
  /** Streams opened so far. */
  opened(): number
  /** Begins a stream; gives what to call when its reader is gone. */
  attach(sink: Sink, wish: Wish): () => void
  /** Tells every reader; `trees` is what is besides in the plan of those that did not ask for light ones. */
  send(type: string, fields: Readonly<Record<string, unknown>>, trees?: () => object): void
  /** The empty line that Jetty writes each 10 s. */
  beat(): void
  /** Says nothing any more, and keeps connections open; new ones get their head only. */
  silence(silent: boolean): void
  endAll(): void
}

interface Reader extends Wish {
  readonly sink: Sink
}

/** `slow`: what happens to a reader that is behind by more than `maxOutstanding`: it is cut off (1.8 and later), or loses events. */
export function createStreams(slow: 'cut' | 'drop', maxOutstanding: number): Streams {
  const readers = new Set<Reader>()
  let silent = false
  let opened = 0
  const write = (reader: Reader, type: string, fields: Readonly<Record<string, unknown>>, trees?: () => object): void => {
    if (silent || (reader.types.length > 0 && !reader.types.includes(type))) return
    if (reader.sink.outstanding() < maxOutstanding) {
      const whole = trees === undefined || reader.light ? fields : { ...fields, plan: { ...(fields['plan'] as object), ...trees() } }
      return reader.sink.write(`event: ${type}\r\ndata: ${JSON.stringify({ ...whole, eventType: type, timestamp: '2021-03-04T10:00:05.120Z' })}\r\n\r\n`)
    }
    if (slow === 'drop') return
    readers.delete(reader)
    reader.sink.end()
  }
  return {
    count: () => readers.size,
    opened: () => opened,
    attach(sink, wish) {
      const reader = { sink, ...wish }
      readers.add(reader)
      opened++
      write(reader, 'event_stream_attached', { remoteAddress: '127.0.0.1' })
      return () => void readers.delete(reader)
    },
    send(type, fields, trees) {
      for (const reader of readers) write(reader, type, fields, trees)
    },
    beat() {
      if (!silent) for (const { sink } of readers) sink.write('\r\n')
    },
    silence: (now) => void (silent = now),
    endAll() {
      for (const reader of readers) {
        readers.delete(reader)
        reader.sink.end()
      }
    },
  }
}
