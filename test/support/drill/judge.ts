// Decides which failed requests could have succeeded: those during which a backend of their service was up all the time. And none
// may be left without an answer, whatever is down.
import type { Result } from './load.ts'

export interface Judge {
  /** To be told just after a backend came up, and just before one goes down. */
  readonly changed: () => void
  readonly take: (result: Result) => void
  /** From now until the returned function is called, requests to this service may fail. */
  excuse(service: string): () => void
  /** Throws when a request failed that could have succeeded, when one stood for too long, or when a service never answered at all. */
  verdict(): void
}

/** A time in which a service could not be expected to answer; `to` is infinite while it lasts. Monotonic milliseconds. */
interface Gap {
  readonly service: string
  readonly from: number
  to: number
}

/** `isUp` says whether any backend of a service is up now. */
export function createJudge(services: readonly string[], isUp: (service: string) => boolean): Judge {
  const down = new Map<string, Gap>()
  const gaps: Gap[] = []
  const failures: Result[] = []
  const standing: Result[] = []
  const answered = new Set<string>()

  const open = (service: string): Gap => {
    const gap = { service, from: performance.now(), to: Infinity }
    gaps.push(gap)
    return gap
  }
  return {
    changed() {
      for (const service of services) {
        const gap = down.get(service)
        if (isUp(service) && gap !== undefined) {
          gap.to = performance.now()
          down.delete(service)
        }
        if (!isUp(service) && gap === undefined) down.set(service, open(service))
      }
    },
    take(result) {
      if (result.stood) standing.push(result)
      if (result.error === '') answered.add(result.service)
      else if (answered.has(result.service)) failures.push(result)
    },
    excuse(service) {
      const gap = open(service)
      return () => {
        gap.to = performance.now()
      }
    },
    verdict() {
      const guilty = failures.filter((result) => !gaps.some(({ service, from, to }) => service === result.service && from <= result.endedAt && to >= result.startedAt))
      if (guilty.length > 0) throw new Error(`${guilty.length} requests failed that could have succeeded:\n${[...new Set(guilty.map(({ service, error }) => `${service}: ${error}`))].join('\n')}`)
      if (standing.length > 0) throw new Error(`${standing.length} requests were given up, to ${[...new Set(standing.map(({ service, error }) => `${service}: ${error}`))].join(', ')}`)
      const silent = services.filter((service) => !answered.has(service))
      if (silent.length > 0) throw new Error(`no request to ${silent.join(', ')} was ever answered: the drill proved nothing`)
    },
  }
}
