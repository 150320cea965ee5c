// The life of a piece of work within a longer one: it ends with that one, or sooner, when the work is done.

/** Why a life ends when its work is done. One value, since an abort without a reason makes an error with a stack each time. */
export const ENDED: Error = new Error('the work that this was for has ended')

/** A part of a longer life. */
export interface Life {
  /** Aborted when the life ends. */
  readonly signal: AbortSignal
  /** Ends it, for `ENDED` unless another reason is given. Only the first end counts. */
  end(reason?: unknown): void
}

/** A life that ends with `parent`, for its reason, or by `end`. Whoever makes one ends it: the parent holds on to it until then. */
export function lifeWithin(parent: AbortSignal): Life {
  const own = new AbortController()
  const follow = (): void => end(parent.reason)
  const end = (reason: unknown = ENDED): void => {
    parent.removeEventListener('abort', follow)
    own.abort(reason)
  }
  if (parent.aborted) follow()
  else parent.addEventListener('abort', follow)
  return { signal: own.signal, end }
}
