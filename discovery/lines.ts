// The lines of an answer without end, as they arrive: event streams of JSON lines.

/** Reads lines without their ends (LF, or CR LF); the last one may lack it. Rejects when one is longer than `maxLength` characters. */
export async function* readLines(body: ReadableStream<Uint8Array>, maxLength: number): AsyncGenerator<string, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let begun = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const [first = '', ...further] = decoder.decode(value, { stream: !done }).split('\n')
      begun += first
      for (const next of further) {
        yield bounded(begun, maxLength).replace(/\r$/, '')
        begun = next
      }
      bounded(begun, maxLength)
      if (!done) continue
      if (begun !== '') yield begun
      return
    }
  } finally {
    // Also when the reader leaves early: the connection is not kept.
    await reader.cancel().catch(() => undefined)
  }
}

function bounded(line: string, maxLength: number): string {
  if (line.length > maxLength) throw new Error(`a line of the stream is longer than ${maxLength} characters and was refused`)
  return line
}
