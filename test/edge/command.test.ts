// `npm run edge -- FILE`: the worker through `wrangler dev`, with the table of a file, and again when the file changes.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freePorts } from '../support/server-process.ts'
import { makeTempDirectory } from '../support/temp.ts'

const COMMAND = resolve(import.meta.dirname, '../../scripts/edge.ts')

test('a file that is not there is said in words', async () => {
  const file = join(import.meta.dirname, 'nowhere.yaml')
  const said = `${file} cannot be read: ENOENT: no such file or directory, open '${file}'\n`
  await expect(promisify(execFile)(process.execPath, [COMMAND, file])).rejects.toMatchObject({ code: 1, stdout: '', stderr: said })
})

test('serves a file through wrangler, follows its changes, and keeps the last good one', { timeout: 120_000 }, async () => {
  const temp = await makeTempDirectory()
  const [port = 0] = await freePorts(1)
  const file = join(temp.directory, 'edge.yaml')
  const write = (body: string): Promise<void> => writeFile(file, `listen: 127.0.0.1:${port}\nroutes: [{ match: { path: /hello, listener: http }, respond: { body: "${body}" } }]\n`)
  await write('one')
  const child = spawn(process.execPath, [COMMAND, file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(child, 'exit')
  let output = ''
  let wake = Promise.withResolvers<void>()
  const more = (chunk?: Buffer): void => {
    output += chunk?.toString() ?? ''
    wake.resolve()
    wake = Promise.withResolvers<void>()
  }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', more)
  void gone.then(() => more())
  const heard = async (text: string, from = 0): Promise<void> => {
    while (!output.includes(text, from)) {
      if (child.exitCode !== null) throw new Error(`ended before it said ${text}:\n${output}`)
      await wake.promise
    }
  }
  const hello = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/hello`)).text()
  try {
    await heard('Ready on')
    expect(await hello()).toBe('one')
    const before = output.length
    await write('two')
    await heard('Local server updated and ready', before)
    expect(await hello()).toBe('two')
    await writeFile(file, 'routes: [{ mach: /hello }]\n')
    await heard("'mach'")
    expect(await hello()).toBe('two')
  } finally {
    child.kill('SIGTERM')
    await gone
    await temp.remove()
  }
})
