// The lines of an answer without end, as they arrive.

/** Reads lines without their ends (LF, or CR LF); the last one may lack it. Rejects when one is longer than `maxLength` characters. */
export async function* readLines(body: ReadableStream<Uint8Array>, maxLength: number): AsyncGenerator<string, void> {
  for await (const lines of readLineBatches(body, maxLength)) yield* lines
}

/** Like `readLines`, with those that arrived together given together: for streams that are heavy at times. */
export async function* readLineBatches(body: ReadableStream<Uint8Array>, maxLength: number): AsyncGenerator<readonly string[], void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let begun = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      // Only what is new is searched: a long line comes in many pieces.
      const [first = '', ...further] = decoder.decode(value, { stream: !done }).split('\n')
      const lines = [begun + first, ...further]
      if (lines.some((line) => line.length > maxLength)) throw new Error(`a line of the stream is longer than ${maxLength} characters and was refused`)
      begun = lines.pop() ?? ''
      if (done && begun !== '') lines.push(begun)
      if (lines.length > 0) yield lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
      if (done) return
    }
  } finally {
    // Also when the reader leaves early: the connection is not kept.
    await reader.cancel().catch(() => undefined)
  }
}
