// The event streams of a Marathon: frames without ids, heartbeats, a filter of types, and readers that are too slow.

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
  /** Begins a stream of these types (none: of all); gives what to call when its reader is gone. */
  attach(sink: Sink, types: readonly string[]): () => void
  /** Tells every reader. */
  send(type: string, fields: Readonly<Record<string, unknown>>): void
  /** The empty line that Jetty writes each 10 s. */
  beat(): void
  /** Says nothing any more, and keeps connections open; new ones get their head only. */
  silence(silent: boolean): void
  endAll(): void
}

/** `slow`: what happens to a reader that is behind by more than `maxOutstanding`: it is cut off (1.8 and later), or loses events. */
export function createStreams(slow: 'cut' | 'drop', maxOutstanding: number): Streams {
  const readers = new Set<{ readonly sink: Sink; readonly types: readonly string[] }>()
  let silent = false
  let opened = 0
  const write = (reader: { readonly sink: Sink; readonly types: readonly string[] }, type: string, fields: object): void => {
    if (silent || (reader.types.length > 0 && !reader.types.includes(type))) return
    if (reader.sink.outstanding() < maxOutstanding) return reader.sink.write(`event: ${type}\r\ndata: ${JSON.stringify({ ...fields, eventType: type, timestamp: '2021-03-04T10:00:05.120Z' })}\r\n\r\n`)
    if (slow === 'drop') return
    readers.delete(reader)
    reader.sink.end()
  }
  return {
    count: () => readers.size,
    opened: () => opened,
    attach(sink, types) {
      const reader = { sink, types }
      readers.add(reader)
      opened++
      write(reader, 'event_stream_attached', { remoteAddress: '127.0.0.1' })
      return () => void readers.delete(reader)
    },
    send(type, fields) {
      for (const reader of readers) write(reader, type, fields)
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
