// Options of a registry of files as people write them.
import { z } from 'zod'
import { commonOptions, duration } from '../option-words.ts'

/** Schema of `registries.<name>` of type `file`. */
export const fileOptions = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('A directory with one file for each service (`words` or `words.json`), or one JSON file that holds several. A file has lines `host port` or `host port * weight`, or JSON. A relative path is relative to the configuration file.'),
  every: duration(100, 60_000, '1s').describe('How often the file is looked at, 100ms to 60s.'),
  ...commonOptions,
})

/** The options after parsing. */
export type FileOptions = z.infer<typeof fileOptions>
