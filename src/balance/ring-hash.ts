// Ring hash (ketama): each endpoint owns points on a circle of 2^32, as many as its weight asks; a key belongs to the next
// point. The points of an endpoint follow from its address alone, so a change moves only keys that must move.
import type { Balancer, EndpointState } from '../model/balancer.ts'
import { hashString, mix } from './hash.ts'
import { circleKey, keyed } from './keyed.ts'
import type { Circle } from './keyed.ts'
import type { Members } from './members.ts'

/** Points of the heaviest endpoint; an endpoint's part of the circle is off by about 1/√512, 4.4 %. */
const POINTS = 512
const MIN_RING = 1024
const MAX_RING = 65_536

export const ringHash: Balancer = {
  name: 'ring-hash',
  doc: 'The same key to the same endpoint, by a ring of hashed points (1,024 to 65,536, by weight). Ignores zones.',
  build: (endpoints, options) => keyed(endpoints, options, ring),
}

function ring(members: Members): Circle {
  const counts = pointCounts(members.shares)
  // Hash and owner in one double (32 + 16 bits), so that the native numeric sort orders both at once.
  const packed = new Float64Array(counts.reduce((sum, count) => sum + count, 0))
  let at = 0
  counts.forEach((count, owner) => {
    const key = circleKey(members.states[owner] as EndpointState)
    const start = hashString(key, 1)
    const stride = hashString(key, 2) | 1
    for (let point = 0; point < count; point++) packed[at++] = mix(start + Math.imul(point, stride)) * 65_536 + owner
  })
  packed.sort()
  const points = Uint32Array.from(packed, (value) => Math.floor(value / 65_536))
  return { owners: Uint16Array.from(packed, (value) => value % 65_536), placeOf: (hash) => nextPoint(points, hash) }
}

/**
 * Points for each member. They are relative to the heaviest rather than to the sum: with equal weights their number does
 * not depend on how many endpoints there are, so none is taken away from those that stay.
 */
function pointCounts(shares: Float64Array): readonly number[] {
  const heaviest = shares.reduce((most, share) => Math.max(most, share), 0)
  const heads = 1 / heaviest
  const perHead = Math.min(Math.max(POINTS, MIN_RING / heads), MAX_RING / heads)
  return Array.from(shares, (share) => Math.max(1, Math.round((perHead * share) / heaviest)))
}

/** Index of the first point at or after a hash, 0 when the hash is past the last. */
function nextPoint(points: Uint32Array, hash: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((points[middle] as number) < hash) low = middle + 1
    else high = middle
  }
  return low === points.length ? 0 : low
}
