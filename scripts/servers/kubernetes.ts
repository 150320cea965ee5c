// The API server of Kubernetes and the store it needs, built from the Go module proxy: eight minutes of a processor's time and 700 MB to
// fetch where nothing is cached, ten minutes on two cores that others use too. It stays in the cache for good.
import { findProgram, type Recipe } from './recipe.ts'
import { buildGo, firstLine } from './run.ts'

const VERSION = 'v1.33.5'
/** The version of the same sources as modules of their own. */
const STAGING = 'v0.33.5'
const ETCD = 'v3.5.21'

// Kubernetes builds these from its own tree; a build from outside takes them as they were published.
const MODULES =
  'api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin sample-controller'
const MOD = `go 1.24.0\n\nreplace (\n${MODULES.split(' ').map((name) => `\tk8s.io/${name} => k8s.io/${name} ${STAGING}\n`).join('')})\n`
const FLAGS = ['-ldflags', '-s -w']
// A release says so at the link; without this it calls itself v0.0.0.
const NAMED = ['-ldflags', `-s -w -X k8s.io/component-base/version.gitVersion=${VERSION}`]

export const kubernetes = {
  kind: 'kubernetes',
  find: () => (findProgram('etcd') === undefined ? undefined : findProgram('kube-apiserver')),
  version: (path) => `${firstLine(path, '--version')} with ${firstLine(findProgram('etcd') ?? 'etcd', '--version')}`,
  async bring() {
    if (findProgram('etcd') === undefined) await buildGo({ program: 'etcd', module: 'go.etcd.io/etcd/server/v3', version: ETCD, mod: 'go 1.23\n', flags: FLAGS })
    await buildGo({ program: 'kube-apiserver', module: 'k8s.io/kubernetes', package: 'k8s.io/kubernetes/cmd/kube-apiserver', version: VERSION, mod: MOD, flags: NAMED })
  },
} as const satisfies Recipe
