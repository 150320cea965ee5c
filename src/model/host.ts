// The one spelling of the host of an endpoint. Two spellings of one server would be two endpoints: twice the share, and what is
// learned of the one is not known of the other.

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
