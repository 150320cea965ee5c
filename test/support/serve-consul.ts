// The fake Consul behind a real socket, in real time.
import type { FetchInit } from '../../src/model/platform.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { fakeConsul, type FakeConsul } from './fake-consul.ts'
import { serveFetch, type Served } from './serve-fetch.ts'

export interface ServedConsul extends Served {
  readonly registry: FakeConsul
}

/** Serves a fake Consul. */
export async function serveConsul(): Promise<ServedConsul> {
  let script: (url: string, init: FetchInit) => Response | Promise<Response> = () => new Response('', { status: 500 })
  const registry = fakeConsul({ ...nodePlatform(() => {}), onFetch: (next) => void (script = next) })
  return { registry, ...(await serveFetch(async (url, init) => script(url, init))) }
}
