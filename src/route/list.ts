// Every matcher, in the order in which conditions are tested and explained. Host and path come first and are expanded: each
// member of their lists makes an entry of its own.
import { cookieMatcher } from './cookie.ts'
import { headerMatcher } from './header.ts'
import { hostMatcher } from './host.ts'
import { listenerMatcher } from './listener.ts'
import type { Matcher } from './matcher.ts'
import { methodMatcher } from './method.ts'
import { pathMatcher } from './path.ts'
import { queryMatcher } from './query.ts'
import { sourceMatcher } from './source.ts'
import { whenMatcher } from './when.ts'

/** Matchers whose conditions must all hold, after host and path. */
export const FURTHER_MATCHERS: readonly Matcher[] = [methodMatcher, headerMatcher, queryMatcher, cookieMatcher, sourceMatcher, listenerMatcher, whenMatcher]

/** All matchers, for the shared suite. */
export const MATCHERS: readonly Matcher[] = [hostMatcher, pathMatcher, ...FURTHER_MATCHERS]
