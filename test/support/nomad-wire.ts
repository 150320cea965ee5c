// What Nomad writes: a registration, an answer and a refusal.

/** A registration as a test builds it. */
export interface Row {
  /** Names the allocation, and so the registration. */
  readonly id: string
  readonly address?: string
  readonly port?: number
  readonly tags?: readonly string[]
  readonly datacenter?: string
  /** The machine that runs it; default one for all. */
  readonly node?: string
}

/** A registration as Nomad writes it. */
export type Registered = Readonly<Record<string, unknown>>

/** A healthy-looking JSON answer. */
export function json(body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', ...headers } })
}

/** A failure as Nomad words it. */
export function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } })
}

/** The registration as Nomad writes it. */
export function wire(row: Row, service = 'web', namespace = 'default'): Registered {
  return {
    ID: `_nomad-task-alloc-${row.id}-group-api-${service}-http`,
    ServiceName: service,
    Namespace: namespace,
    NodeID: row.node ?? 'f7aa0000-0000-0000-0000-000000000001',
    Datacenter: row.datacenter ?? 'dc1',
    JobID: service,
    AllocID: `alloc-${row.id}`,
    Tags: row.tags ?? [],
    Address: row.address ?? '10.0.0.1',
    Port: row.port ?? 8080,
    CreateIndex: 1,
    ModifyIndex: 1,
  }
}
