// Which Node is too old for the command.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OLDEST_NODE, tooOld } from '../../../src/cli/node-version.ts'

test('the oldest Node is that of the package', async () => {
  const { engines } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as { engines: { node: string } }
  expect(engines.node).toBe(`>=${OLDEST_NODE}`)
})

test('is new enough for every package that it uses', async () => {
  const { dependencies } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as { dependencies: Record<string, string> }
  for (const name of Object.keys(dependencies)) {
    const { engines } = JSON.parse(await readFile(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as { engines?: { node?: string } }
    const [, oldest = '0'] = /^>= ?([\d.]+)$/.exec(engines?.node ?? '>=0') ?? []
    expect([name, tooOldFor(oldest)]).toEqual([name, false])
  }
})

test.each([['20.20.2', true], ['22.18.0', true], ['22.19.0', false], ['23.0.0', false], ['26.10.0', false]])('%s', (version, isOld) => {
  expect(tooOld(version) !== undefined).toBe(isOld)
})

/** Whether a package wants a newer one than ours. */
function tooOldFor(wanted: string): boolean {
  const [major = 0, minor = 0] = wanted.split('.').map(Number)
  const [ourMajor = 0, ourMinor = 0] = OLDEST_NODE.split('.').map(Number)
  return major > ourMajor || (major === ourMajor && minor > ourMinor)
}
