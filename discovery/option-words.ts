// What options of registries are put together of, so that the same thing is written and described in one way everywhere.
import { z } from 'zod'
import { parseDuration } from '../src/model/duration.ts'

/** A duration as written in configuration, in milliseconds after parsing, within bounds (milliseconds). */
export function duration(min: number, max: number, fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= min && ms <= max) return ms
      context.addIssue({ code: 'custom', message: `must be a duration from ${min / 1000}s to ${max / 1000}s, such as ${fallback}` })
      return z.NEVER
    })
}

/** Options that every registry has. */
export const commonOptions = {
  allowEmpty: z
    .boolean()
    .default(false)
    .describe('Believe a sudden emptiness or a large shrink at once. By default the endpoints are kept until the registry has confirmed it over 30 s (ZooKeeper 60 s, Eureka 3 min).'),
  allowLinkLocal: z.boolean().default(false).describe('Accept link-local addresses (169.254.0.0/16, fe80::/10). By default they are refused: cloud metadata services live there.'),
}

/** The paths in `tls`, for `Adapter.paths`. */
export const TLS_PATHS = ['tls.ca', 'tls.cert', 'tls.key'] as const

/** Trust and identity towards a registry over https. */
export const tlsOption = z
  .strictObject({
    ca: z.string().exactOptional().describe('PEM file of the authority that signed the registry’s certificate.'),
    cert: z.string().exactOptional().describe('PEM file of the client certificate.'),
    key: z.string().exactOptional().describe('PEM file of the client key.'),
    serverName: z.string().exactOptional().describe('Name to expect in the certificate, such as `server.dc1.consul`.'),
    verify: z.boolean().default(true).describe('False accepts any certificate.'),
  })
  .optional()
  .describe('Trust and identity for https addresses.')
