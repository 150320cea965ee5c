// A real Kubernetes API server with its etcd on free ports of 127.0.0.1, and nothing else of a cluster: slices are written by
// hand, as the controller would.
import { generateKeyPairSync } from 'node:crypto'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRegistryFetch } from '../../../src/node/registry-fetch.ts'
import { findProgram } from '../../../scripts/servers/recipe.ts'
import type { SliceSpec } from '../fake-k8s.ts'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { makeTempDirectory } from '../temp.ts'

/** Tokens it knows: one that may do everything, and that of user `gateway`, who may do nothing at first. */
export const ADMIN = 'admin-token'
export const GATEWAY = 'gateway-token'
/** The group of every service account of the namespace `default`. */
const ISSUED = 'system:serviceaccounts:default'
/** The certificate of user `client`, who may do what `gateway` may. */
export const CLIENT = { cert: fixture('client.pem'), key: fixture('client-key.pem') }

export interface Kubernetes {
  /** The API server. It keeps nothing itself. */
  readonly server: RealServer
  /** What it keeps is here. */
  readonly etcd: RealServer
  readonly url: string
  /** PEM file of the authority that signed its certificate. */
  readonly ca: string
  /** Asks the API; rejects with what it said where that is no success. `path` begins after the host. */
  call(method: string, path: string, body?: object): Promise<unknown>
  /** Writes a slice, new or not. */
  put(slice: SliceSpec): Promise<void>
  remove(name: string, namespace?: string): Promise<void>
  /** A token of a service account of its own, which may do what `gateway` may for as long as it is not revoked. */
  issue(): Promise<{ readonly token: string; revoke(): Promise<void> }>
  /** Lets users `gateway` and `client` and the service accounts that were issued a token do these with EndpointSlices of a namespace, and nothing else. */
  allow(verbs: readonly string[], namespace?: string): Promise<void>
  /** Copies what etcd keeps, while nothing runs; and puts the copy back. */
  backUp(): Promise<void>
  restore(): Promise<void>
  /** Takes away all that etcd keeps, while nothing runs. */
  empty(): Promise<void>
  /** Has etcd forget every version but the newest. */
  compact(): Promise<void>
  stop(): Promise<void>
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/engine/${name}`, import.meta.url))
}

export interface KubernetesOptions {
  /** Has the API server keep the last versions of EndpointSlices itself, as it does by default: then it answers from there what etcd has long forgotten. */
  readonly cache?: boolean
}

/** Starts both, each quick to end. */
export async function startKubernetes({ cache = true }: KubernetesOptions = {}): Promise<Kubernetes> {
  const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3)
  const { directory, remove } = await makeTempDirectory()
  const file = (name: string): string => join(directory, name)
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  await writeFile(file('key.pem'), keys.privateKey)
  await writeFile(file('pub.pem'), keys.publicKey)
  await writeFile(file('tokens.csv'), `${ADMIN},admin,1,"system:masters"\n${GATEWAY},gateway,2\n`)
  const apiServer = programOf('kubernetes')
  const [client, peer, url, ca] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`, `https://127.0.0.1:${port}`, file('certs/apiserver.crt')]
  const etcd = await startServer({
    program: findProgram('etcd') ?? 'etcd',
    args: ['--data-dir', file('etcd'), '--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`, '--unsafe-no-fsync', '--log-level', 'error'],
    address: `127.0.0.1:${clientPort}`,
    ready: async (address) => (await fetch(`http://${address}/health`, { signal: AbortSignal.timeout(2000) })).ok,
  })
  const ask = createRegistryFetch()
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const init = { method, headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' }, tls: { ca, verify: true }, signal: AbortSignal.timeout(10_000), ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer = await ask(`${url}${path}`, init)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text.startsWith('{') ? JSON.parse(text) : text
  }
  const server = await startServer({
    program: apiServer,
    args: [
      `--etcd-servers=${client}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--cert-dir=${file('certs')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      `--client-ca-file=${fixture('ca.pem')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${file('pub.pem')}`,
      `--service-account-signing-key-file=${file('key.pem')}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--disable-admission-plugins=ServiceAccount',
      '--endpoint-reconciler-type=none',
      '--shutdown-delay-duration=0s',
      '--v=0',
      ...(cache ? [] : ['--watch-cache-sizes=endpointslices.discovery.k8s.io#0']),
    ],
    address: `127.0.0.1:${port}`,
    // The roles of RBAC and the namespace `default` are made after it listens.
    ready: async () => (await call('GET', '/readyz')) === 'ok' && (await call('GET', '/api/v1/namespaces/default')) !== undefined,
  })
  let issued = 0
  const path = (namespace: string): string => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  return {
    server,
    etcd,
    url,
    ca,
    call,
    async put({ name, namespace = 'default', service, labels = {}, addressType = 'IPv4', endpoints, ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] }) {
      const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace, labels: { ...labels, 'kubernetes.io/service-name': service } }, addressType, endpoints, ports }
      const known = await call('GET', `${path(namespace)}/${name}`).then(() => true, () => false)
      if (known) await call('PUT', `${path(namespace)}/${name}`, slice)
      else await call('POST', path(namespace), slice)
    },
    async remove(name, namespace = 'default') {
      await call('DELETE', `${path(namespace)}/${name}`)
    },
    async issue() {
      const accounts = '/api/v1/namespaces/default/serviceaccounts'
      const name = `issued-${++issued}`
      await call('POST', accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
      const { status } = (await call('POST', `${accounts}/${name}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} })) as { readonly status: { readonly token: string } }
      // The token goes with its account.
      return { token: status.token, revoke: async () => void (await call('DELETE', `${accounts}/${name}`)) }
    },
    async allow(verbs, namespace = 'default') {
      const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'gateway', namespace }, rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs }] }
      const binding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'gateway', namespace }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'gateway' }, subjects: [...['gateway', 'client'].map((name) => ({ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' })), { kind: 'Group', name: ISSUED, apiGroup: 'rbac.authorization.k8s.io' }] }
      if (await call('GET', `${roles}/roles/gateway`).then(() => true, () => false)) return void (await call('PUT', `${roles}/roles/gateway`, verbs.length > 0 ? role : { ...role, rules: [] }))
      await call('POST', `${roles}/roles`, role)
      await call('POST', `${roles}/rolebindings`, binding)
    },
    backUp: () => cp(file('etcd'), file('backup'), { recursive: true }),
    async restore() {
      await rm(file('etcd'), { recursive: true })
      await cp(file('backup'), file('etcd'), { recursive: true })
    },
    empty: () => rm(file('etcd'), { recursive: true }),
    async compact() {
      const { header } = (await askEtcd(client, 'maintenance/status', {})) as { readonly header: { readonly revision: string } }
      await askEtcd(client, 'kv/compaction', { revision: header.revision, physical: true })
    },
    async stop() {
      await server.kill()
      await etcd.stop()
      await remove()
    },
  }
}

async function askEtcd(url: string, path: string, question: object): Promise<unknown> {
  const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(question), signal: AbortSignal.timeout(10_000) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}
