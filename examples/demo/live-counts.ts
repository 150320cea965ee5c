// Live counts: asks the admin API what the gateway has done so far, and shows it on one line.
import type { RoutesAnswer } from '../../src/model/admin.ts'
import { messageOf } from '../../src/model/error.ts'

/** How often the gateway is asked, milliseconds. */
const REFRESH = 1000
/** How often a line is printed where lines cannot be replaced, milliseconds. */
const PRINT = 10_000

export interface LiveCounts {
  /** Prints a line without disturbing the counts. */
  print(line: string): void
  stop(): void
}

/** Shows counts from the admin API at `admin` until stopped: replaced in place on a terminal, else a line now and then. */
export function showCounts(admin: string, out: NodeJS.WriteStream): LiveCounts {
  let shown = ''
  const fitting = (line: string): string => line.slice(0, (out.columns || 80) - 1)
  let printedAt = Date.now()
  const show = (line: string): void => {
    if (out.isTTY) out.write(`\r\u001b[2K${fitting(line)}`)
    else if (Date.now() - printedAt >= PRINT) {
      printedAt = Date.now()
      out.write(`${line}\n`)
    }
    shown = line
  }
  let asking = false
  const timer = setInterval(() => {
    if (asking) return
    asking = true
    readCounts(admin)
      .then(show, (error: unknown) => show(`the admin API does not answer: ${messageOf(error)}`))
      .finally(() => (asking = false))
  }, REFRESH)
  return {
    print(line) {
      out.write(out.isTTY ? `\r\u001b[2K${line}\n${fitting(shown)}` : `${line}\n`)
    },
    stop() {
      clearInterval(timer)
      if (out.isTTY && shown !== '') out.write('\n')
    },
  }
}

/** The counts as one line: requests by route, the split of the canary, retries and errors. */
export async function readCounts(admin: string): Promise<string> {
  const [routes, metrics] = await Promise.all([ask(`${admin}/api/routes`), ask(`${admin}/metrics`)])
  const { routes: list } = JSON.parse(routes) as RoutesAnswer
  const sum = (of: 'requests' | 'errors' | 'retries'): number => list.reduce((total, { counts }) => total + counts[of], 0)
  const byRoute = list.filter(({ counts }) => counts.requests > 0).map(({ name, counts }) => `${name} ${counts.requests}`)
  const [v1, v2] = [requestsTo(metrics, 'words/v1'), requestsTo(metrics, 'words/v2')]
  return [`${sum('requests')} requests`, ...byRoute, `words v1 ${v1}, v2 ${v2}`, `${sum('retries')} retries`, `${sum('errors')} errors`].join(' | ')
}

function requestsTo(metrics: string, service: string): number {
  let total = 0
  for (const line of metrics.split('\n')) if (line.startsWith('fairlead_requests_total{') && line.includes(`service="${service}"`)) total += Number(line.slice(line.lastIndexOf(' ') + 1))
  return total
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response.text()
}
