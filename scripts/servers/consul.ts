// Consul, built from the Go module proxy.
import { findProgram, type Recipe } from './recipe.ts'
import { buildGo, firstLine } from './run.ts'

// The version of consul-awsauth that Consul itself requires is not served by the module proxy; this one is, and is not used at run time.
const AWSAUTH = 'v0.0.0-20220713182709-05ac1c5c2706'
const MOD = `go 1.23\n\nreplace github.com/hashicorp/consul-awsauth => github.com/hashicorp/consul-awsauth ${AWSAUTH}\n`

export const consul = {
  kind: 'consul',
  find: () => findProgram('consul'),
  version: (path) => firstLine(path, 'version'),
  bring: () => buildGo({ program: 'consul', module: 'github.com/hashicorp/consul', version: 'v1.21.0', mod: MOD }),
} as const satisfies Recipe
