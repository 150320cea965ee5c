// A route's header rules, applied in the order remove, set, add.
import type { HeaderList } from '../model/headers.ts'
import type { HeaderRules, Params } from '../model/route.ts'

/** Changes the list in place. Templates were checked at compile time; captures hold no control characters (path normal form). */
export function applyRules(list: HeaderList, rules: HeaderRules, params: Params): void {
  for (const key of rules.remove) list.remove(key)
  for (const [name, key, value] of rules.set) {
    list.remove(key)
    list.push(name, key, value.render(params))
  }
  for (const [name, key, value] of rules.add) list.push(name, key, value.render(params))
}
