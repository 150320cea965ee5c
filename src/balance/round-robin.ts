// Smooth weighted round robin by earliest deadline: each endpoint is due every 1/share picks, and the one due first is
// picked. A heap makes that log n for each pick; equal weights give a plain rotation.
import type { Balancer, EndpointState, PickContext, Picker } from '../model/balancer.ts'
import { isFree, pickLeft } from './left.ts'
import { membersOf } from './members.ts'
import type { Members } from './members.ts'

export const roundRobin: Balancer = {
  name: 'round-robin',
  doc: 'Each endpoint in turn, heavier ones more often, evenly spaced.',
  build: (endpoints, options) => rotation(membersOf(endpoints, options.zone)),
}

function rotation(members: Members): Picker {
  const count = members.states.length
  const step = members.shares.map((share) => 1 / (share * count))
  const due = new Float64Array(count)
  const heap = Uint32Array.from(due, (_, i) => i)
  let started = false
  return {
    pick(context) {
      if (!started) {
        started = true
        scatter(heap, due, step, context)
      }
      // One that is not free gives its turn away, so that the rotation goes on behind it.
      for (let turns = 0; turns < count; turns++) {
        const next = heap[0] as number
        due[next] = (due[next] as number) + (step[next] as number)
        sink(heap, due, 0)
        const state = members.states[next] as EndpointState
        if (isFree(state, context)) return state
      }
      return pickLeft(members, context)
    },
  }
}

/** A random phase for each: many gateways that get one set at one moment must not all begin with its first endpoint. */
function scatter(heap: Uint32Array, due: Float64Array, step: Float64Array, context: PickContext): void {
  for (let i = 0; i < due.length; i++) due[i] = context.random() * (step[i] as number)
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, due, i)
}

/** Restores the heap below `at` after the deadline there grew. */
function sink(heap: Uint32Array, due: Float64Array, at: number): void {
  const item = heap[at] as number
  const deadline = due[item] as number
  let hole = at
  for (let child = 2 * hole + 1; child < heap.length; child = 2 * hole + 1) {
    if (child + 1 < heap.length && (due[heap[child + 1] as number] as number) < (due[heap[child] as number] as number)) child++
    if ((due[heap[child] as number] as number) >= deadline) break
    heap[hole] = heap[child] as number
    hole = child
  }
  heap[hole] = item
}
