// Where the route table lies in Redis. The braces are a hash tag: all keys of one prefix live in one slot, so one script may
// touch several of them on a cluster too.

export interface RedisKeys {
  /** Whole table as YAML or JSON, for a person to SET; read while there is no `current`. */
  readonly plain: string
  /** Pointer: JSON with version, epoch, hash and size of the table in force. */
  readonly current: string
  /** Stream with one entry for each publication. */
  readonly log: string
  /** Channel of hints; the payload means nothing. */
  readonly notify: string
  /** Start of the keys in which gateways say what they did. */
  readonly acks: string
  /** Start of the keys of immutable versions. */
  readonly versions: string
}

export function redisKeys(prefix: string): RedisKeys {
  const plain = `{${prefix}}:routes`
  return { plain, current: `${plain}:current`, log: `${plain}:log`, notify: `${plain}:notify`, acks: `${plain}:ack:`, versions: `${plain}:v:` }
}
