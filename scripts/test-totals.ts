// node scripts/test-totals.ts REPORT...: adds up vitest's JSON reports into one closing line, `N passed, N failed`. A test that
// is in several reports counts once, with its last result. Exits 1 when something failed or nothing ran.
import { readFileSync } from 'node:fs'

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

const results = new Map<string, string>()
for (const path of process.argv.slice(2)) {
  for (const file of (JSON.parse(readFileSync(path, 'utf8')) as Report).testResults) {
    // A file that could not even be loaded has no tests, but failed.
    if (file.status === 'failed' && file.assertionResults.length === 0) results.set(file.name, 'failed')
    for (const [place, { fullName, status }] of file.assertionResults.entries()) {
      const key = `${file.name} ${fullName} ${place}`
      if (!results.has(key) || status === 'passed' || status === 'failed') results.set(key, status)
    }
  }
}
const count = (status: string): number => [...results.values()].filter((each) => each === status).length
const [passed, failed] = [count('passed'), count('failed')]
if (failed > 0 || passed === 0) process.exitCode = 1
console.log(`${passed} passed, ${failed} failed`)
