// Items of a list by their keys, for lists that are mostly asked in their own order.

/**
 * Gives the item with a key; the last one where several have it, unless they are asked for in their order. Two states of a list mostly have the same items at the same places: the one behind that which was found
 * before is tried first, then that one once more, and an index of all is made for the first that is neither. `key` must give the same for an item each time.
 */
export function lookupIn<T>(items: readonly T[], key: (item: T) => unknown): (wanted: unknown) => T | undefined {
  const placeOf = placesIn(items, key)
  return (wanted) => {
    const place = placeOf(wanted)
    return place === undefined ? undefined : items[place]
  }
}

/** Like `lookupIn`, with the places of the items. */
export function placesIn<T>(items: readonly T[], key: (item: T) => unknown): (wanted: unknown) => number | undefined {
  let next = 0
  let places: Map<unknown, number> | undefined
  return (wanted) => {
    if (next < items.length && key(items[next] as T) === wanted) return next++
    if (next > 0 && key(items[next - 1] as T) === wanted) return next - 1
    places ??= new Map(items.map((item, place) => [key(item), place]))
    const place = places.get(wanted)
    if (place !== undefined) next = place + 1
    return place
  }
}
