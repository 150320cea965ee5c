// A bound on waiting for what may never come, so that a test that hangs says where.

/** What a promise gives; rejects with what `late` says where that takes longer than `ms` milliseconds. */
export async function within<T>(ms: number, promise: T | Promise<T>, late: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late())), ms)
  })
  try {
    return await Promise.race([promise, end])
  } finally {
    clearTimeout(timer)
  }
}
