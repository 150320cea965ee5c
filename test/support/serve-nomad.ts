// The fake Nomad behind a real socket, in real time: for what only a real client, a real stream and a real gateway can show.
import { nodePlatform } from '../../src/node/platform.ts'
import { fakeNomad, type FakeNomad } from './fake-nomad.ts'
import { serveFetch, type Served } from './serve-fetch.ts'

export interface ServedNomad extends Served {
  readonly registry: FakeNomad
}

export interface ServeOptions {
  /** A Unix socket; default a free port of 127.0.0.1. */
  readonly socketPath?: string
  /** How many times faster its time runs, default 1: heartbeats and waits are as much shorter. */
  readonly speed?: number
}

/** Serves a fake Nomad. */
export async function serveNomad({ socketPath, speed = 1 }: ServeOptions = {}): Promise<ServedNomad> {
  const real = nodePlatform(() => {})
  const registry = fakeNomad({ ...real, now: () => real.now() * speed, sleep: (ms, signal) => real.sleep(ms / speed, signal) })
  return { registry, ...(await serveFetch((url, init) => registry.fetch(url, init), socketPath)) }
}
