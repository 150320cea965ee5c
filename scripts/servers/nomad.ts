// Nomad, built from the Go module proxy.
import { findProgram, type Recipe } from './recipe.ts'
import { buildGo, firstLine } from './run.ts'

// Nomad builds its API module from its own tree; a build from outside takes it as it was published from the same commit. The other
// two are what its go.mod replaces.
const MOD = `go 1.24.7

replace (
	github.com/Microsoft/go-winio => github.com/endocrimes/go-winio v0.4.13-0.20190628114223-fb47a8b41948
	github.com/hashicorp/hcl => github.com/hashicorp/hcl v1.0.1-nomad-1
	github.com/hashicorp/nomad/api => github.com/hashicorp/nomad/api v0.0.0-20250909143645-a3b86c697f38
)
`

export const nomad = {
  kind: 'nomad',
  find: () => findProgram('nomad'),
  version: (path) => firstLine(path, 'version'),
  bring: () => buildGo({ program: 'nomad', module: 'github.com/hashicorp/nomad', version: 'v1.10.5', mod: MOD, flags: ['-ldflags', '-s -w'] }),
} as const satisfies Recipe
