// `listen` and `listeners`: where the gateway accepts connections.
import { z } from 'zod'
import type { ListenerTlsConfig } from '../../model/listener-config.ts'
import { readCidr, readHostPort, readListenHost } from '../address.ts'
import { Complaint } from '../complaint.ts'
import { complain, duration, integer, maybe, named, plain, section, size, sizeFrom, text } from './values.ts'

const port = integer(0, 65_535)
const count = integer(0, 1_000_000_000)

const certificate = section({
  cert: plain.meta({ description: 'PEM file with the certificate and its chain, relative to the configuration file.', samples: ['server.pem'] }),
  key: plain.meta({ description: 'PEM file with the private key.', samples: ['server.key'] }),
})

const tls = section({
  cert: certificate.shape.cert.apply(maybe),
  key: certificate.shape.key.apply(maybe),
  certificates: z
    .array(certificate)
    .min(1)
    .apply(maybe)
    .meta({ description: 'Several certificates instead of `cert` and `key`; the server name of the client chooses, the first is the default.' }),
  clientCa: plain.apply(maybe).meta({ description: 'PEM file with the CA of client certificates. Clients are asked for one when it is set.', samples: ['ca.pem'] }),
  requireClientCert: z.boolean().apply(maybe).meta({ description: 'Refuse clients without a certificate. Default true when `clientCa` is set.' }),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).prefault('TLSv1.2').meta({ description: 'Oldest protocol version.' }),
}).transform((given, context): ListenerTlsConfig => {
  const { cert, key, certificates, clientCa, requireClientCert, minVersion } = given
  const whole = certificates === undefined ? cert !== undefined && key !== undefined : cert === undefined && key === undefined
  if (!whole) complain(context, given, 'certificates are not whole', 'give cert and key, or certificates: [{cert, key}, …]')
  if (requireClientCert === true && clientCa === undefined) complain(context, given, 'client certificates cannot be checked without clientCa', undefined, ['requireClientCert'])
  return {
    certificates: certificates ?? [{ cert: cert ?? '', key: key ?? '' }],
    requireClientCert: requireClientCert ?? clientCa !== undefined,
    minVersion,
    ...(clientCa === undefined ? {} : { clientCa }),
  }
})

/** With less every request would be refused. */
const headSize = sizeFrom(64).meta({ id: 'headSize', description: 'A size of `64B` or more.' })

const limits = section({
  headTimeout: duration.prefault('10s').meta({ description: 'Time for a whole request head, from its first byte; `0s` for no limit.' }),
  idleTimeout: duration.prefault('60s').meta({ description: 'Time between requests on a kept connection; `0s` for no limit.' }),
  bodyTimeout: duration.prefault('30s').meta({ description: 'Time between two bytes of a body, either way; `0s` for no limit.' }),
  bodyRate: size.prefault('240B').meta({ description: 'Data of a request body that must come each second. It may be behind by `bodyTimeout`, and time in which the endpoint takes no more does not count; `0B` for no limit.', samples: ['1KiB'] }),
  tunnelTimeout: duration.prefault('1h').meta({ description: 'Time without a byte either way on an upgraded connection (WebSocket); `0s` for no limit.' }),
  lineBytes: headSize.prefault('16KiB').meta({ description: 'Size of the request line, at least `64B`.' }),
  headBytes: headSize.prefault('64KiB').meta({ description: 'Size of the whole request head, at least `64B`.' }),
  headerCount: integer(1, 10_000).prefault(100).meta({ description: 'Number of header fields.' }),
  bodyBytes: size.prefault('0B').meta({ description: 'Size of a request body; `0B` for no limit.', samples: ['10MiB'] }),
  requestsPerConnection: count.prefault(0).meta({ description: 'Requests on one connection before it is closed; 0 for no limit.' }),
  connections: integer(1, 1_000_000_000).prefault(65_536).meta({ description: 'Connections of one worker on this listener.' }),
})

const listener = section({
  port: port.meta({ description: 'TCP port; 0 picks a free one.', samples: [8080] }),
  host: text(readListenHost).apply(maybe).meta({ description: 'Address to listen on. Default: every address, IPv4 and IPv6.', samples: ['127.0.0.1'] }),
  tls: tls.apply(maybe).meta({ description: 'Certificates; without it the listener speaks plain HTTP.' }),
  trustedProxies: z
    .union([text(readCidr).transform((one) => [one]), z.array(text(readCidr))])
    .prefault([])
    .meta({ description: 'Addresses of proxies whose `Forwarded`, `X-Forwarded-*` and PROXY headers are believed. Default: none.', samples: [['10.0.0.0/8']] }),
  proxyProtocol: z.boolean().prefault(false).meta({ description: 'Expect a PROXY protocol header (v1 or v2) on each connection from a trusted proxy.' }),
  limits: limits.prefault({}).meta({ description: 'Limits and timeouts of each phase of a request.' }),
})

/** A listener without its name, in normal form. */
export type ListenerBody = z.output<typeof listener>

const defaults = { trustedProxies: [], proxyProtocol: false, limits: {} }

function readListen(address: string): ListenerBody {
  const { host, port } = /^\d+$/.test(address) ? { host: undefined, port: Number(address) } : readHostPort(address)
  if (port > 65_535) throw new Complaint(`${address} is not a port`, '0 to 65535')
  return listener.parse({ ...defaults, port, ...(host === undefined ? {} : { host }) })
}

export const listen = z
  .union([z.int().min(0).max(65_535).transform((port) => listener.parse({ ...defaults, port })), text(readListen)])
  .meta({ description: 'Short for one listener named `http`: a port, or `host:port`.', samples: [8080, '127.0.0.1:8080'] })

export const listeners = named(listener).meta({ description: 'Listeners by name; routes can ask for one with `match.listener`.' })
