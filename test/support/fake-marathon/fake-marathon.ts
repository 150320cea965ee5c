// Marathon at the level of its wire: a cluster of nodes with one leader, its apps, its event stream and its ways of failing.
// Written against the documented samples (test/fixtures/marathon) and the behaviour of versions 0.7 to 1.10. How it is reached
// is another matter: virtual.ts puts it behind a platform's fetch, server.ts behind sockets.
import { since, writeApp, type AppSpec, type Version } from './spec.ts'
import { createStreams, type Sink, type Streams } from './streams.ts'

/** A request as it arrived at a node. */
export interface Request {
  /** `host:port` of the node. */
  readonly node: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
}

/** An answer; `stream` is called with where to write an answer without end, and gives what to call when the reader is gone. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly stream?: (sink: Sink) => () => void
}

export interface FakeMarathonOptions {
  readonly version?: Version
  /** `host:port` of each; the first leads. */
  readonly nodes?: readonly string[]
  readonly basic?: { readonly username: string; readonly password: string }
  /** The DC/OS token that is valid. */
  readonly token?: string
  /** Messages that a reader of the stream may be behind; default 1024, as `event_stream_max_outstanding_messages`. */
  readonly maxOutstanding?: number
}

export interface FakeMarathon {
  readonly seen: Request[]
  readonly streams: Streams
  /** Undefined while there is none. */
  leader: string | undefined
  /** Answers 503 to everything, as during a migration at the start. */
  migrating: boolean
  /** Whether the leader has forgotten the results of its health checks. */
  forgotten: boolean
  /** The valid token; a change of it makes others 401. */
  token: string | undefined
  /** Ids that whoever asks may not view: left out of lists, 403 alone. */
  readonly hidden: Set<string>
  /** Writes an app, and says so on the stream unless `silently`. */
  put(app: AppSpec, how?: 'silently'): void
  /** Deletes it. */
  remove(id: string, how?: 'silently'): void
  /** Writes a pod's status. */
  putPod(id: string, status: Readonly<Record<string, unknown>>): void
  /** The leader is gone: streams end, results of health checks are forgotten. `to` leads next; undefined: nobody yet. */
  failover(to: string | undefined): void
  /** Health checks have been made again. */
  check(): void
  /** Answers everything with this until `recover`; undefined lets a request pass. */
  answerWith(override: (request: Request) => Answer | undefined): void
  recover(): void
  answer(request: Request): Answer
}

/** Makes one without apps. */
export function createFakeMarathon(options: FakeMarathonOptions = {}): FakeMarathon {
  const { version = '1.9', nodes = ['m1:8080'], maxOutstanding = 1024 } = options
  const apps = new Map<string, AppSpec>()
  const pods = new Map<string, Readonly<Record<string, unknown>>>()
  let override: (request: Request) => Answer | undefined = () => undefined
  // All that there is, as a group.
  const tree = (): object => ({ id: '/', apps: [...apps.values()].map((app) => embedded(app, new URLSearchParams())), pods: [], groups: [], dependencies: [], version: '2021-03-04T10:00:00.000Z' })
  const tell = (id: string): void => {
    const plan = { id: 'd1', steps: [{ actions: [{ action: 'ScaleApplication', app: id }] }], version: '2021-03-04T10:00:00.000Z' }
    fake.streams.send('status_update_event', { slaveId: '7a6b-S3', taskId: 'x', taskStatus: 'TASK_RUNNING', message: '', appId: id, host: '10.0.0.1', ports: [], version: '2021-03-04T10:00:00.000Z' })
    fake.streams.send('deployment_success', { id: 'd1', plan }, () => ({ original: tree(), target: tree() }))
  }
  const fake: FakeMarathon = {
    seen: [],
    streams: createStreams(since(version, '1.8') ? 'cut' : 'drop', maxOutstanding),
    leader: nodes[0],
    migrating: false,
    forgotten: false,
    token: options.token,
    hidden: new Set(),
    put(app, how) {
      apps.set(app.id, app)
      if (how === undefined) tell(app.id)
    },
    remove(id, how) {
      apps.delete(id)
      if (how === undefined) fake.streams.send('app_terminated_event', { appId: id })
    },
    putPod(id, status) {
      pods.set(id, { id, ...status })
      fake.streams.send('instance_changed_event', { instanceId: 'x', condition: 'Running', runSpecId: id, agentId: '7a6b-S3', host: '10.0.0.1', runSpecVersion: '2021-03-04T10:00:00.000Z' })
    },
    failover(to) {
      fake.leader = to
      fake.forgotten = true
      fake.streams.endAll()
    },
    check() {
      fake.forgotten = false
      for (const id of apps.keys()) fake.streams.send('health_status_changed_event', { appId: id, instanceId: 'x', version: '2021-03-04T10:00:00.000Z', alive: true })
    },
    answerWith: (next) => void (override = next),
    recover: () => void (override = () => undefined),
    answer(request) {
      fake.seen.push(request)
      return override(request) ?? refusal(request) ?? answerAtLeader(request)
    },
  }

  function refusal({ node, path, query, headers }: Request): Answer | undefined {
    if (fake.migrating) return page(503, 'Service Unavailable')
    if (fake.leader === undefined) return page(502, 'Could not determine the current leader')
    const isEvents = path.startsWith('/v2/events')
    // Before 1.7 a standby passed the stream through; everything else it always does.
    if (node !== fake.leader && isEvents && since(version, '1.7')) return { status: 302, headers: { location: `http://${fake.leader}${path}${query.size === 0 ? '' : `?${query.toString()}`}` }, body: '' }
    const authorization = headers.get('authorization')
    const { basic } = options
    const known = basic === undefined ? (fake.token === undefined ? null : `token=${fake.token}`) : `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`
    if (known !== null && authorization !== known) return json(401, { message: 'Invalid username or password.' }, basic === undefined ? {} : { 'www-authenticate': 'Basic realm="Mesosphere"' })
    return undefined
  }

  function answerAtLeader({ path, query, headers }: Request): Answer {
    const ok = (value: unknown): Answer => json(200, value, { 'x-marathon-leader': `http://${fake.leader ?? ''}` })
    if (path === '/v2/events') return events(query, headers.get('accept'))
    if (/^\/v2\/(apps|tasks|pods)/.test(path) && since(version, '1.10') && !/application\/json|\*\/\*/.test(headers.get('accept') ?? '*/*')) return page(406, 'Not Acceptable')
    if (path === '/v2/info') return ok({ name: 'marathon', version, elected: true, leader: fake.leader })
    if (path === '/v2/leader') return ok({ leader: fake.leader })
    if (path === '/v2/apps') return ok({ apps: [...apps.values()].filter(({ id }) => !fake.hidden.has(id)).map((app) => embedded(app, query)) })
    if (path === '/v2/pods/::status') return ok([...pods.values()])
    const pod = /^\/v2\/pods(\/.+)::status$/.exec(path)?.[1]
    if (pod !== undefined) return pods.has(pod) ? ok(pods.get(pod)) : json(404, { message: `Pod '${pod}' does not exist` })
    const id = /^\/v2\/apps(\/.+)$/.exec(path)?.[1] ?? ''
    const app = apps.get(decodeURIComponent(id))
    if (fake.hidden.has(id)) return json(403, { message: 'Not Authorized to perform this action!' })
    if (id === '') return page(404, 'Not Found')
    return app === undefined ? json(404, { message: `App '${id}' does not exist` }) : ok({ app: embedded(app, query) })
  }

  function embedded(app: AppSpec, query: URLSearchParams): Record<string, unknown> {
    const { tasks, ...rest } = writeApp(app, version, fake.forgotten)
    return query.getAll('embed').some((each) => /^apps?\.tasks$/.test(each)) ? { ...rest, tasks } : rest
  }

  function events(query: URLSearchParams, accept: string | null): Answer {
    if (accept !== 'text/event-stream') return page(405, 'HTTP method GET is not supported by this URL')
    // The filter is known since 1.3.7.
    const types = since(version, '1.4') ? query.getAll('event_type') : []
    // Light plans can be asked for since 1.6, and are all there is from 1.7 on.
    const light = since(version, '1.7') || (since(version, '1.6') && query.get('plan-format') === 'light')
    return { status: 200, headers: { 'content-type': 'text/event-stream;charset=utf-8', 'cache-control': 'no-cache' }, body: '', stream: (sink) => fake.streams.attach(sink, { types, light }) }
  }
  return fake
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A page of Jetty's. */
export function page(status: number, message: string): Answer {
  return { status, headers: { 'content-type': 'text/html;charset=iso-8859-1' }, body: `<html>\n<head>\n<title>Error ${status} ${message}</title>\n</head>\n<body><h2>HTTP ERROR ${status}</h2>\n<p>Reason:\n<pre>    ${message}</pre></p>\n</body>\n</html>\n` }
}
