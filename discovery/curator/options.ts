// Options of a registry of Curator's service discovery as people write them.
import { z } from 'zod'
import { nodePath, zooKeeperFields } from '../zookeeper/options.ts'

const field = (fallback: string) => z.string().regex(/^[^.]+(?:\.[^.]+)*$/, 'must be names joined by dots, such as metadata.weight').default(fallback)

/** Schema of `registries.<name>` of type `curator`. */
export const curatorOptions = z.strictObject({
  ...zooKeeperFields,
  base: nodePath('/services').describe('Base path of the service discovery; Spring Cloud Zookeeper’s is /services.'),
  weightField: field('weight').describe('Where an instance’s payload holds its weight: names joined by dots. Below `metadata` it is found as well.'),
  zoneField: field('zone').describe('Where the payload holds the zone, in the same way.'),
  tagsField: field('tags').describe('Where the payload holds tags, a list or a text with commas, in the same way.'),
})

/** The options after parsing. */
export type CuratorOptions = z.infer<typeof curatorOptions>
