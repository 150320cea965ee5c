// Several addresses of one registry: the first is used until it fails, then the next.

/** Addresses in the order in which they are tried. */
export interface Addresses {
  /** The one to ask; the one after it for a confirmation, since another server makes another mistake. */
  pick(confirm: boolean): string
  /** Moves an address behind the others. */
  failed(address: string): void
}

/** Rotates at least one address. */
export function createAddresses(all: readonly [string, ...string[]]): Addresses {
  let order: readonly string[] = all
  return {
    pick: (confirm) => (confirm ? order[1] : undefined) ?? order[0] ?? all[0],
    failed(address) {
      order = [...order.filter((other) => other !== address), address]
    },
  }
}
