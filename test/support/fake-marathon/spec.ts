// Apps as a test writes them, and how Marathon of each version writes them.

const ORDER = ['0.7', '0.13', '1.1', '1.3', '1.4', '1.5', '1.6', '1.7', '1.8', '1.9', '1.10'] as const
/** Versions between which answers, or what is done with the event stream, differ. */
export type Version = (typeof ORDER)[number]

export interface PortSpec {
  readonly name?: string
  readonly containerPort?: number
  /** Null takes no place among the task's ports; default 0, one that the agent allocates. */
  readonly hostPort?: number | null
  readonly protocol?: string
}

export interface TaskSpec {
  readonly id: string
  readonly host?: string
  /** As allocated on the agent. */
  readonly ports?: readonly unknown[]
  readonly ip?: readonly string[]
  /** Default TASK_RUNNING. */
  readonly state?: string
  /** One result of each health check of the app; absent: none was made yet. */
  readonly alive?: boolean
  readonly zone?: string
  readonly region?: string
  /** Version of the app under which it was started; default the app's own. */
  readonly version?: string
  /** Put over what would be written. */
  readonly raw?: Readonly<Record<string, unknown>>
}

export interface AppSpec {
  readonly id: string
  /** Default the number of tasks that run. */
  readonly instances?: number
  readonly labels?: Readonly<Record<string, string>>
  /** `ip` is an address for each task as before 1.5, without Docker. Default host. */
  readonly network?: 'host' | 'bridge' | 'container' | 'ip'
  readonly ports?: readonly PortSpec[]
  /** Number of health checks that Marathon makes; default 0. */
  readonly checks?: number
  readonly version?: string
  readonly tasks: readonly (TaskSpec | null)[]
  /** Put over what would be written. */
  readonly raw?: Readonly<Record<string, unknown>>
}

const VERSION = '2021-03-04T10:00:00.000Z'

/** Whether a version is at least another. */
export function since(version: Version, first: Version): boolean {
  return ORDER.indexOf(version) >= ORDER.indexOf(first)
}

/** An app with its tasks. `forgotten`: Marathon has not made its health checks since it became the leader. */
export function writeApp(app: AppSpec, version: Version, forgotten: boolean): Record<string, unknown> {
  const running = app.tasks.filter((task) => (task?.state ?? 'TASK_RUNNING') === 'TASK_RUNNING').length
  return {
    id: app.id,
    instances: app.instances ?? running,
    labels: app.labels ?? {},
    ...writeNetwork(app, version),
    healthChecks: Array.from({ length: app.checks ?? 0 }, () => ({ protocol: since(version, '1.4') ? 'MESOS_HTTP' : 'HTTP', path: '/ok', portIndex: 0, gracePeriodSeconds: 300, intervalSeconds: 10, timeoutSeconds: 5, maxConsecutiveFailures: 3 })),
    ...(since(version, '1.1') ? { readinessChecks: [] } : {}),
    version: app.version ?? VERSION,
    tasksStaged: 0,
    tasksRunning: running,
    tasksHealthy: app.tasks.filter((task) => task?.alive === true).length,
    tasksUnhealthy: app.tasks.filter((task) => task?.alive === false).length,
    deployments: [],
    tasks: app.tasks.map((task) => (task === null ? null : writeTask(task, app, version, forgotten))),
    ...app.raw,
  }
}

function writeNetwork({ network = 'host', ports = [] }: AppSpec, version: Version): Record<string, unknown> {
  const mappings = ports.map(({ name, containerPort = 8080, hostPort = 0, protocol = 'tcp' }) => ({ containerPort, hostPort, servicePort: 10_019, ...(name === undefined ? {} : { name }), protocol, labels: {} }))
  const definitions = ports.map(({ name, protocol = 'tcp' }) => ({ port: 10_019, ...(name === undefined ? {} : { name }), protocol, labels: {} }))
  if (since(version, '1.5')) {
    const mode = network === 'bridge' ? 'container/bridge' : network === 'ip' ? 'container' : network
    const networks = [{ mode, ...(mode === 'container' ? { name: 'dcos', labels: {} } : {}) }]
    return mode === 'host' ? { networks, portDefinitions: definitions } : { networks, container: { type: 'DOCKER', docker: { image: 'shop/orders:3' }, portMappings: mappings } }
  }
  const numbers = ports.map(() => 10_019)
  const written = since(version, '1.1') ? { ports: numbers, portDefinitions: definitions } : { ports: numbers }
  if (network === 'host') return { ...written, container: null, ...(since(version, '1.1') ? { ipAddress: null } : {}) }
  if (network === 'ip') {
    const discovered = ports.map(({ name, containerPort = 8080, protocol = 'tcp' }) => ({ number: containerPort, name: name ?? '', protocol }))
    return { ports: [], container: null, ipAddress: { groups: [], labels: {}, discovery: { ports: discovered }, networkName: 'dcos' } }
  }
  const docker = { image: 'shop/orders:3', network: network === 'bridge' ? 'BRIDGE' : 'USER', portMappings: mappings, privileged: false, parameters: [], forcePullImage: false }
  return { ...written, container: { type: 'DOCKER', volumes: [], docker }, ...(network === 'container' ? { ipAddress: { groups: [], labels: {}, discovery: { ports: [] }, networkName: 'dcos' } } : {}) }
}

function writeTask(task: TaskSpec, app: AppSpec, version: Version, forgotten: boolean): Record<string, unknown> {
  const state = task.state ?? 'TASK_RUNNING'
  const isStarted = !['TASK_CREATED', 'TASK_STAGING', 'TASK_STARTING'].includes(state)
  const times = { firstSuccess: task.alive === undefined ? null : VERSION, lastSuccess: task.alive === true ? VERSION : null, lastFailure: task.alive === false ? VERSION : null, lastFailureCause: null }
  const result = { alive: task.alive, consecutiveFailures: task.alive === true ? 0 : 1, ...times, [since(version, '1.4') ? 'instanceId' : 'taskId']: task.id }
  return {
    id: task.id,
    appId: app.id,
    host: task.host ?? '10.0.0.1',
    ports: task.ports ?? [],
    stagedAt: VERSION,
    startedAt: isStarted ? VERSION : null,
    version: task.version ?? app.version ?? VERSION,
    servicePorts: (app.ports ?? []).map(() => 10_019),
    healthCheckResults: forgotten || task.alive === undefined ? [] : Array.from({ length: app.checks ?? 0 }, () => result),
    ...(since(version, '0.13') ? { slaveId: '7a6b-S3' } : {}),
    ...(since(version, '1.1') ? { ipAddresses: (task.ip ?? []).map((ipAddress) => ({ ipAddress, protocol: ipAddress.includes(':') ? 'IPv6' : 'IPv4' })), localVolumes: [] } : {}),
    ...(since(version, '1.3') ? { state } : {}),
    ...(since(version, '1.9') ? { ...(task.region === undefined ? {} : { region: task.region }), ...(task.zone === undefined ? {} : { zone: task.zone }), role: '*' } : {}),
    ...task.raw,
  }
}
