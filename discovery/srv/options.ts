// Options of a registry of SRV records as people write them.
import { z } from 'zod'
import { commonOptions, duration } from '../option-words.ts'
import { parseServer } from '../dns/transport.ts'

const server = z.string().refine((text) => parseServer(text) !== undefined, 'must be the IP address of a name server, with a port where it is not 53, such as 127.0.0.1:8600')

/** Schema of `registries.<name>` of type `srv`. */
export const srvOptions = z.strictObject({
  servers: z
    .union([server, z.array(server).min(1).max(16)])
    .optional()
    .describe('IP address of a name server (`127.0.0.1:8600`, `[::1]:53`; port 53 by default), or several: the next one is asked when one fails, and another one to confirm what is suspicious. Default: those of the system.'),
  every: duration(1000, 60_000, '1s').describe('Least time between two questions, 1s to 60s. The time to live of an answer makes it longer, up to 60s.'),
  ...commonOptions,
})

/** The options after parsing. */
export type SrvOptions = z.infer<typeof srvOptions>
