// The one spelling of a host. Two spellings of one server would be two endpoints, with twice the share and what is learned of the one not
// known of the other; two of the host that a request is for would be two hosts to routes.

const V6 = /^\[[0-9a-f:.]{2,45}\]$/

/**
 * The one spelling (RFC 5952) of an IPv6 address in brackets, given in lower case; undefined for anything else in them: `[1.2.3.4]` is one
 * host to some parsers and none to others.
 */
export function normalV6Literal(host: string): string | undefined {
  return V6.test(host) ? URL.parse(`http://${host}/`)?.hostname : undefined
}

/** IPv6 in its short form without brackets, IPv4 that was written as IPv6 as IPv4, names in lower case. A dot at the end of a name stays: resolvers heed it. */
export function normalEndpointHost(text: string): string {
  const host = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text
  if (!host.includes(':')) return host.toLowerCase()
  // None with a zone (`fe80::1%eth0`): names of interfaces are told apart by case.
  const short = URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1)
  if (short === undefined) return host
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short)?.slice(1)
  return mapped === undefined ? short : mapped.flatMap((part) => [parseInt(part, 16) >> 8, parseInt(part, 16) & 0xff]).join('.')
}
