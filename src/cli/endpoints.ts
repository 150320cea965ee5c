// `fairlead endpoints [SERVICE]`: every endpoint that a gateway knows, where it was learned and whether it gets requests.
import type { EndpointsAnswer } from '../model/admin.ts'
import { ADMIN_OPTIONS, askAdmin, orFault } from './admin-client.ts'
import { readArguments } from './arguments.ts'
import { columns } from './columns.ts'
import { endpointRow, originsText, setText } from './explanation-text.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'

export const ENDPOINTS_USAGE = `usage: fairlead endpoints [SERVICE] [options]
  SERVICE         only of this one; ends with 1 when it has no usable endpoint
  --admin URL     ask this gateway, default http://127.0.0.1:9990
  --json          one JSON object as the result

example:
  fairlead endpoints consul/words`

export async function endpoints(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, ADMIN_OPTIONS, ENDPOINTS_USAGE)
  const [service, ...more] = positionals
  if (more.length > 0) throw new UsageError(ENDPOINTS_USAGE)
  const path = service === undefined ? '/api/endpoints' : `/api/endpoints?service=${encodeURIComponent(service)}`
  const answer = await orFault(askAdmin<EndpointsAnswer>(values.admin, path), values.json, io)
  if (answer === undefined) return 1
  if (values.json) io.out(JSON.stringify(answer))
  else for (const line of endpointsText(answer)) io.out(line)
  const usable = answer.services.some(({ endpoints: list }) => list.some((endpoint) => endpoint.usable))
  return service === undefined || usable ? 0 : 1
}

function endpointsText({ services }: EndpointsAnswer): string[] {
  if (services.length === 0) return ['the table names no service']
  return services.flatMap(({ name, merge, set, origins, endpoints: list }, i) => [
    ...(i === 0 ? [] : ['']),
    `${name}  ${setText(set)}`,
    ...originsText(origins, merge),
    ...(list.length === 0 ? ['  no endpoints'] : columns(list.map(endpointRow))),
  ])
}
