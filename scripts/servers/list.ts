// Every real server that tests drive. To add one: write its file, put it here.
import { consul } from './consul.ts'
import { eureka } from './eureka.ts'
import { knot } from './knot.ts'
import { kubernetes } from './kubernetes.ts'
import { nomad } from './nomad.ts'
import type { Recipe } from './recipe.ts'
import { redis } from './redis.ts'
import { zooKeeper } from './zookeeper.ts'
import { zooKeeperWriters } from './zookeeper-writers.ts'

export const recipes = [redis, consul, nomad, eureka, knot, zooKeeper, zooKeeperWriters, kubernetes] as const satisfies readonly Recipe[]

/** A real server that tests can drive. */
export type ServerKind = (typeof recipes)[number]['kind']

/** Path of the server's program; undefined when the machine has none. */
export function findServer(kind: ServerKind): string | undefined {
  return recipes.find((recipe) => recipe.kind === kind)?.find()
}
