// What the catalogue of every registry must do, under virtual time. A registry says how its fake is told what to hold and how to fail.
import { afterEach, describe, expect, test } from 'vitest'
import type { Catalog, CatalogService, CatalogSet } from '../../src/model/catalog.ts'
import type { Attempt } from '../../src/model/discoverer.ts'
import { fakePlatform, type FakePlatform } from '../support/fake-platform.ts'

/** One registry's fake. */
interface CatalogHarness {
  /** The catalogue with these further options of the registry. */
  create(options?: object): Catalog
  /** Makes these the services, each with labels in the registry's own form of `route=…` and `plain`. */
  put(names: readonly string[], plain?: readonly string[]): void
  /** Answers that cannot be used. */
  fail(): void
  /** Answers for lack of rights. */
  deny(): void
  /** Never answers. */
  hang(): void
  recover(): void
  /** Questions so far. */
  asked(): number
}

export interface CatalogSuite {
  readonly name: string
  readonly open: (platform: FakePlatform) => CatalogHarness
  /** The reference of a service. */
  readonly ref: (name: string) => string
  /** Within this time a change is seen, milliseconds. */
  readonly within: number
  /** Questions in ten quiet minutes, at most. */
  readonly quiet: number
}

export function catalogSuite({ name, open, ref, within, quiet }: CatalogSuite): void {
  const stops: AbortController[] = []
  afterEach(() => {
    for (const stop of stops.splice(0)) stop.abort()
  })

  function watch(options: { readonly registry?: object; readonly last?: readonly CatalogService[] } = {}) {
    const platform = fakePlatform()
    const harness = open(platform)
    const stop = new AbortController()
    stops.push(stop)
    const sets: CatalogSet[] = []
    const attempts: Attempt[] = []
    const start = async (): Promise<void> => {
      const catalog = harness.create(options.registry)
      const watchOptions = { wanted: (labels: readonly string[]) => labels.some((label) => label.startsWith('route=')), observe: (attempt: Attempt) => void attempts.push(attempt) }
      for await (const set of catalog.watch(stop.signal, options.last === undefined ? watchOptions : { ...watchOptions, last: options.last })) sets.push(set)
    }
    const text = (): string => {
      const set = sets.at(-1)
      if (set === undefined) return 'nothing'
      return `${set.kind}${set.kind === 'ready' ? '' : ` ${set.cause?.outcome ?? ''}`} ${set.kind === 'pending' ? '' : set.services.map((service) => service.ref).join(',')}`.trim()
    }
    return { platform, harness, stop, sets, attempts, start, text }
  }
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`)
  const refs = (count: number): string => names(count).map(ref).join(',')

  describe(`catalogue of ${name}`, () => {
    test('lists the services with wanted labels, and follows changes', async () => {
      const { platform, harness, start, text, sets } = watch()
      harness.put(['s0'], ['other'])
      void start()
      await platform.advance(1000)
      expect(text()).toBe(`ready ${ref('s0')}`)
      expect(sets[0]).toMatchObject({ services: [{ ref: ref('s0'), labels: expect.arrayContaining([expect.stringMatching(/^route=/)]) }] })
      harness.put(['s0', 's1'], ['other'])
      await platform.advance(within)
      expect(text()).toBe(`ready ${refs(2)}`)
    })

    test('costs little and says nothing while nothing happens', async () => {
      const { platform, harness, start, sets } = watch()
      harness.put(names(3))
      void start()
      await platform.advance(600_000)
      expect(sets).toHaveLength(1)
      expect(harness.asked()).toBeLessThanOrEqual(quiet)
    })

    test.each(['failed', 'denied'] as const)('%s answers keep the services, and it recovers by itself', async (outcome) => {
      const { platform, harness, start, text, attempts } = watch()
      harness.put(names(2))
      void start()
      await platform.advance(1000)
      if (outcome === 'failed') harness.fail()
      else harness.deny()
      await platform.advance(180_000)
      expect(text()).toBe(`stale ${outcome} ${refs(2)}`)
      expect(attempts.at(-1)).toMatchObject({ outcome, believed: false })
      harness.recover()
      await platform.advance(60_000)
      expect(text()).toBe(`ready ${refs(2)}`)
    })

    test('what is known from before stands until the registry answers', async () => {
      const { platform, harness, start, text } = watch({ last: [{ ref: 'x/old', name: 'old', labels: [] }] })
      harness.fail()
      void start()
      await platform.advance(30_000)
      expect(text()).toBe('stale failed x/old')
    })

    test('a sudden emptiness and a large shrink are held until confirmed over 30 s', async () => {
      const { platform, harness, start, text } = watch()
      harness.put(names(8))
      void start()
      await platform.advance(2000)
      harness.put(names(1))
      await platform.advance(within)
      expect(text()).toBe(`stale guarded ${refs(8)}`)
      await platform.advance(60_000)
      expect(text()).toBe(`ready ${refs(1)}`)
      harness.put([])
      await platform.advance(within)
      expect(text()).toBe(`stale guarded ${refs(1)}`)
    })

    test('one service that leaves among several is believed at once', async () => {
      const { platform, harness, start, text } = watch()
      harness.put(names(3))
      void start()
      await platform.advance(2000)
      harness.put(names(2))
      await platform.advance(within)
      expect(text()).toBe(`ready ${refs(2)}`)
    })

    test('allowEmpty believes an emptiness at once', async () => {
      const { platform, harness, start, text } = watch({ registry: { allowEmpty: true } })
      harness.put(names(8))
      void start()
      await platform.advance(2000)
      harness.put([])
      await platform.advance(within)
      expect(text()).toBe('ready')
    })

    test('a registry that does not answer is late, and nothing is left when the watch ends', async () => {
      const { platform, harness, start, text, stop } = watch()
      harness.hang()
      const running = start()
      await platform.advance(15_000)
      expect(text()).toBe('pending failed')
      stop.abort()
      await running
    })
  })
}
