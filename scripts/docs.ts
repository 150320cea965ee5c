// Writes what is generated from the code: fairlead.schema.json, docs/reference/config.md and reasons.md. With `--check` it
// writes nothing and fails when one of them is not what the code says.
import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { generated } from './docs/generated.ts'

const check = process.argv.includes('--check')
let stale = 0
for (const [file, text] of generated()) {
  const path = new URL(`../${file}`, import.meta.url)
  const before = await readFile(path, 'utf8').catch(() => '')
  if (before === text) continue
  stale++
  console.log(`${file} ${check ? 'is not what the code says: npm run docs' : 'written'}`)
  if (!check) await writeFile(path, text)
}
process.exitCode = check && stale > 0 ? 1 : 0
