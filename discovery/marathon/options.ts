// Options of a Marathon registry as people write them.
import { z } from 'zod'
import { commonOptions, tlsOption } from '../option-words.ts'

// A password in an URL would be shown wherever the address is.
const address = z
  .url({ protocol: /^https?$/, error: 'must be the http:// or https:// URL of a Marathon, such as http://marathon.mesos:8080' })
  .refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), 'must not hold a user and password; give them in username and password')
const hostPattern = z.string().regex(/^(\*|(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/, 'must be a host, host:port, *.domain or *')

/** Schema of `registries.<name>` of type `marathon`. */
export const marathonOptions = z.strictObject({
  address: z
    .union([address, z.array(address).min(1).max(16)])
    .default('http://127.0.0.1:8080')
    .describe('URL of a Marathon, or several: the next one is tried when one fails. Name every node of the cluster, since its event stream is at the leader only.'),
  leaders: z
    .array(hostPattern)
    .max(64)
    .default([])
    .describe('Hosts besides those in `address` that a redirect to the leader may name: `host`, `host:port`, `*.domain` or `*`. Credentials go to no others, and no redirect elsewhere is followed.'),
  username: z.string().min(1).regex(/^[^:]*$/, 'must not contain a colon').optional().describe('User for HTTP Basic authentication.'),
  password: z.string().optional().describe('Password for HTTP Basic authentication.'),
  passwordFile: z.string().min(1).optional().describe('File that holds the password; read again before each question.'),
  token: z.string().min(1).optional().describe('DC/OS authentication token, sent as `Authorization: token=…`.'),
  tokenFile: z.string().min(1).optional().describe('File that holds the DC/OS token; read again before each question, so that whoever logs in may renew it.'),
  weightLabel: z.string().min(1).default('fairlead.weight').describe('Label of an app that says the weight of its tasks, 0 to 65535.'),
  tagsLabel: z.string().min(1).default('fairlead.tags').describe('Label of an app that lists its tags, separated by commas. All labels are metadata.'),
  via: z
    .enum(['task', 'host'])
    .default('task')
    .describe('Address of tasks on a network of their own: `task` is their own address, `host` the agent with the port that is mapped there. A reference may say another: `?via=host`.'),
  family: z.enum(['ipv4', 'ipv6']).default('ipv4').describe('Preferred family where a task has addresses of both.'),
  tls: tlsOption,
  ...commonOptions,
})

/** The options after parsing. */
export type MarathonOptions = z.infer<typeof marathonOptions>
