// npm run servers [NAME …]: brings the real servers that tests drive, where the machine lacks them; by default all of them.
// What is built goes into a cache outside the checkout. Safe to run again.
import { messageOf } from '../src/model/error.ts'
import { recipes } from './servers/list.ts'
import type { Recipe } from './servers/recipe.ts'

const wanted = process.argv.slice(2)
let missing = 0
for (const kind of wanted.length > 0 ? wanted : recipes.map((recipe) => recipe.kind)) if (!(await bring(kind))) missing++
process.exitCode = missing > 0 ? 1 : 0

/** Makes sure that one server is there; says what it found or why it could not. */
async function bring(kind: string): Promise<boolean> {
  const recipe = recipes.find((each: Recipe) => each.kind === kind)
  if (recipe === undefined) {
    console.error(`there is no server ${kind}; known are ${recipes.map((each) => each.kind).join(', ')}`)
    return false
  }
  try {
    if (recipe.find() === undefined) await recipe.bring()
    const path = recipe.find()
    if (path === undefined) throw new Error('is still not found after installing')
    console.log(`${kind}: ${recipe.version(path)}, ${path}`)
    return true
  } catch (error) {
    console.error(`${kind}: ${messageOf(error)}`)
    return false
  }
}
