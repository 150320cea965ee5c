// What operators do at a Nomad: jobs that are run, scaled and stopped, in plain HTTP as Nomad documents it.

/** Where a Nomad is, and with which right it is asked. */
export interface NomadAt {
  readonly url: string
  readonly token?: string
}

/** A job of one group with one task and one service. */
export interface JobSpec {
  readonly id: string
  readonly namespace?: string
  /** Default 1. */
  readonly count?: number
  /** Name of its service, default `web`. */
  readonly service?: string
  /** The port of its only allocation; default one that Nomad chooses for each. */
  readonly port?: number
  /** More of the service, in the words of Nomad's JSON: `Tags`, `CanaryTags`, `Checks`, `Address`, `AddressMode`; `PortLabel` for a port that nobody reserves. */
  readonly more?: object
  /** More of the group, such as `Update` or `ShutdownDelay`. Nomad's JSON has nanoseconds. */
  readonly group?: object
  /**
   * A file of Node's that runs as its task (raw_exec), with these variables. Without it there is no process at all (mock_driver):
   * who listens on the port is the test's affair.
   */
  readonly program?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A registration as Nomad lists it. */
export interface Listed {
  readonly ID: string
  readonly AllocID: string
  readonly Address: string
  readonly Port: number
  readonly Tags: readonly string[]
}

/** Asks the API; rejects with what it said where that is no success. `path` begins after `/v1/`. */
export async function callNomad({ url, token }: NomadAt, method: string, path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<Response> {
  const headers = token === undefined ? {} : { 'x-nomad-token': token }
  const answer = await fetch(`${url}/v1/${path}`, { method, headers, signal: AbortSignal.timeout(10_000), ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }) })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Runs a job, or puts it in place of the one of that name. */
export async function runJob(at: NomadAt, spec: JobSpec): Promise<void> {
  await callNomad(at, 'PUT', `jobs?namespace=${spec.namespace ?? 'default'}`, { Job: jobOf(spec) })
}

/** Stops a job, and forgets it. */
export async function stopJob(at: NomadAt, id: string, namespace = 'default'): Promise<void> {
  await callNomad(at, 'DELETE', `job/${id}?purge=true&namespace=${namespace}`)
}

/** Stops all jobs of all namespaces, and waits until nothing is listed any more. */
export async function stopJobs(at: NomadAt): Promise<void> {
  const jobs = (await (await callNomad(at, 'GET', 'jobs?namespace=*')).json()) as { readonly ID: string; readonly Namespace: string }[]
  for (const { ID: id, Namespace: namespace } of jobs) await stopJob(at, id, namespace)
  const end = performance.now() + 40_000
  while (((await (await callNomad(at, 'GET', 'services?namespace=*')).json()) as unknown[]).length > 0) {
    if (performance.now() > end) throw new Error('services are still listed 40 s after their jobs were stopped')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Sets the number of a job's allocations. */
export async function scaleJob(at: NomadAt, id: string, count: number): Promise<void> {
  await callNomad(at, 'PUT', `job/${id}/scale`, { Count: count, Target: { Group: 'g' } })
}

/** The registrations of a service, as the leader lists them. */
export async function listed(at: NomadAt, service = 'web', namespace = 'default'): Promise<readonly Listed[]> {
  return (await (await callNomad(at, 'GET', `service/${service}?namespace=${namespace}`)).json()) as Listed[]
}

function jobOf({ id, namespace = 'default', count = 1, service = 'web', port, more, group, program, env = {} }: JobSpec): object {
  const task =
    program === undefined
      ? { Driver: 'mock_driver', Config: { run_for: '1h' }, Env: env, Resources: { CPU: 1, MemoryMB: 10 } }
      : { Driver: 'raw_exec', Config: { command: process.execPath, args: [program] }, Env: env, Resources: { CPU: 1, MemoryMB: 512 } }
  return {
    ID: id,
    Name: id,
    Namespace: namespace,
    Type: 'service',
    TaskGroups: [
      {
        Name: 'g',
        Count: count,
        Networks: more !== undefined && 'PortLabel' in more ? [] : [port === undefined ? { DynamicPorts: [{ Label: 'http' }] } : { ReservedPorts: [{ Label: 'http', Value: port }] }],
        // While one that stops still has the port, Nomad puts its successor at the interface's other address, ::1.
        Services: [{ Name: service, PortLabel: 'http', Provider: 'nomad', ...(port === undefined ? {} : { Address: '127.0.0.1' }), ...more }],
        RestartPolicy: { Attempts: 3, Interval: 60e9, Delay: 1e9, Mode: 'fail' },
        // No deployments, which would stand in the way of the next change until ten seconds of health.
        Update: { MaxParallel: 0 },
        EphemeralDisk: { SizeMB: 10 },
        ...group,
        Tasks: [{ Name: 't', LogConfig: { MaxFiles: 1, MaxFileSizeMB: 1 }, ...task }],
      },
    ],
  }
}
