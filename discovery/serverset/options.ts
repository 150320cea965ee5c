// Options of a registry of serversets as people write them.
import { z } from 'zod'
import { nodePath, zooKeeperFields } from '../zookeeper/options.ts'

/** Schema of `registries.<name>` of type `zk`. */
export const serversetOptions = z.strictObject({
  ...zooKeeperFields,
  path: nodePath('/').describe('Path that references are below: with `/twitter/service`, `zk/web` is the serverset /twitter/service/web.'),
  zoneKey: z.string().min(1).default('zone').describe('Key in a member’s metadata that names its zone.'),
  tagsKey: z.string().min(1).default('tags').describe('Key in a member’s metadata with tags, separated by commas.'),
})

/** The options after parsing. */
export type ServersetOptions = z.infer<typeof serversetOptions>
