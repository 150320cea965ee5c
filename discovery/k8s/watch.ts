// One watch of a feed, read to its end: a line is an event, and its version is where the next watch goes on from.
import { recordOf } from '../json.ts'
import { saidBy } from '../text.ts'
import { refusal, type K8sClient, type Refusal } from './client.ts'

/** How a watch ended. */
export interface WatchEnd {
  /** Where the next one goes on from. */
  readonly version: string
  readonly lines: number
  readonly refusal?: Refusal
}

/** What is watched, and for how long. */
export interface WatchQuestion {
  readonly namespace: string
  readonly selector: string
  readonly version: string
  readonly seconds: number
}

/** Who reads a watch. */
export interface WatchReader {
  /** The server has taken the question. */
  onOpen(): void
  onEvent(type: unknown, object: Record<string, unknown> | undefined): void
}

/** Watches until the server ends it, says that it cannot go on, or `signal` aborts. Never rejects. */
export async function readWatch(client: K8sClient, question: WatchQuestion, reader: WatchReader, signal: AbortSignal): Promise<WatchEnd> {
  const watch = await client.watch(question.namespace, question.selector, question.version, question.seconds, signal)
  let [version, lines] = [question.version, 0]
  if (watch.kind !== 'open') return { version, lines, refusal: watch }
  reader.onOpen()
  try {
    for await (const line of watch.lines) {
      if (signal.aborted) break
      const event = recordOf(JSON.parse(line))
      const object = recordOf(event?.['object'])
      if (event?.['type'] === 'ERROR') return { version, lines, refusal: errorOf(object) }
      reader.onEvent(event?.['type'], object)
      version = versionOf(object) ?? version
      lines++
    }
    return { version, lines }
  } catch (error) {
    return { version, lines, refusal: { kind: 'failed', message: saidBy(error) } }
  }
}

function versionOf(object: Record<string, unknown> | undefined): string | undefined {
  const version = recordOf(object?.['metadata'])?.['resourceVersion']
  return typeof version === 'string' ? version : undefined
}

function errorOf(object: Record<string, unknown> | undefined): Refusal {
  const code = object?.['code']
  return refusal('the watch', typeof code === 'number' ? code : 500, undefined, JSON.stringify(object))
}
