// The start of the keys of a table in Redis, as the configuration, the command line and the store take it.

const PREFIX = /^[A-Za-z0-9._:/-]{1,64}$/

/** Why a prefix cannot be used; undefined for a good one. Braces would break the hash tag, `*` and `?` the search for acknowledgements. */
export function prefixProblem(prefix: string): string | undefined {
  if (PREFIX.test(prefix)) return undefined
  return `prefix ${JSON.stringify(prefix)} cannot be used: write 1 to 64 of A-Z a-z 0-9 . _ : / -, for example "fairlead"`
}
