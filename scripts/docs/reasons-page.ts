// docs/reference/reasons.md: the closed vocabulary of reasons.
import { REASONS } from '../../src/model/error.ts'

const INTRO = `# Reasons

When the gateway answers by itself, or cuts an answer short, it says why with one of these words: in the response header
\`fairlead-error\`, in the access log (\`reason\`) and in the metric label of that name. An answer of an endpoint that went through whole has none.

This page is made by \`npm run docs\` from \`src/model/error.ts\`.

| reason | status | meaning |
|---|---|---|
`

/** The page. */
export function reasonsPage(): string {
  return INTRO + Object.entries(REASONS).map(([reason, { status, doc }]) => `| \`${reason}\` | ${status} | ${doc} |\n`).join('')
}
